import { readGate, type Writer } from "../../kernel/index.ts";
import { callable } from "../../object/callable.ts";
import { approvedArguments } from "../../protocol/gate.ts";
import type { Instance } from "./instance.ts";

export type CallInput = Readonly<Record<string, string | number>>;

/** Everything that a gate about a call may say, with times from now on. */
export type Proposal = {
  readonly gateId: string;
  readonly name: string;
  readonly input: CallInput;
  readonly eligible: readonly string[] | null;
  readonly escalation: { readonly inMs: number; readonly to: readonly string[] } | null;
  readonly expiresInMs: number | null;
  readonly isEditable: boolean;
  readonly hasDefault: boolean;
};

/** What a kind does that asks people before it carries out a call. */
export class SimulatedCalls {
  readonly #instance: Instance;
  readonly #write: <T>(body: (writer: Writer) => T) => T;

  constructor(instance: Instance, write: <T>(body: (writer: Writer) => T) => T) {
    this.#instance = instance;
    this.#write = write;
  }

  readonly propose = callable((proposal: Proposal) => {
    const { gateId, name, input, eligible, escalation, expiresInMs, isEditable, hasDefault } = proposal;
    const now = this.#instance.clock.now();
    return this.#write((writer) =>
      writer.openGate({
        gateId,
        title: "May it?",
        call: { name, arguments: input },
        isEditable,
        ...(eligible ? { eligible } : {}),
        ...(escalation ? { escalation: { at: now + escalation.inMs, to: escalation.to } } : {}),
        ...(expiresInMs === null ? {} : { expiresAt: now + expiresInMs }),
        ...(hasDefault ? { default: "approve" } : {}),
      }),
    );
  });

  /** Makes a call, if it was approved. */
  readonly carryOut = callable((gateId: string, name: string, input: CallInput) => {
    const { kernel } = this.#instance.host;
    const approved = approvedArguments(readGate(kernel.sql, gateId), { name, arguments: input });
    this.#write((writer) => writer.append("call.made", { gateId, name, input: approved }));
    return approved;
  });
}
