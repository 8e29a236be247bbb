import { applies, type Kernel, policyDuePrefix, readGate, type Writer } from "../../kernel/index.ts";
import type { Clock } from "../clock.ts";
import type { SessionHooks } from "../session-hooks.ts";

/**
 * Asks for each gate about a call, beside the commits, whether somebody allows it beyond this session. While the store does not answer the
 * gate waits for a person as any other; what was revoked is found revoked.
 */
export class SharedPolicies {
  readonly #kernel: Kernel;
  readonly #hooks: Pick<SessionHooks, "gatePolicies">;
  readonly #clock: Pick<Clock, "now">;
  readonly #write: (body: (writer: Writer) => void) => void;

  constructor(
    kernel: Kernel,
    hooks: Pick<SessionHooks, "gatePolicies">,
    clock: Pick<Clock, "now">,
    write: (body: (writer: Writer) => void) => void,
  ) {
    this.#kernel = kernel;
    this.#hooks = hooks;
    this.#clock = clock;
    this.#write = write;
  }

  /** The row of due work that was written with the gate rang. @throws whatever keeps the store from answering: it is asked again */
  async rang(timerId: string): Promise<void> {
    const { sql, due, definition } = this.#kernel;
    const { gatePolicies: store } = this.#hooks;
    const record = readGate(sql, timerId.slice(policyDuePrefix.length));
    if (store && record?.outcome === null) {
      const { gate } = record;
      const { kind } = this.#kernel.committedView;
      const policies = await store.list({ kind, userId: gate.requestedBy ?? null, isInForce: true });
      const now = this.#clock.now();
      const found = policies.find((policy) => applies(policy, gate, now, definition));
      if (found && this.#kernel.committedView.lifecycle === "active") {
        const { policyId, scope, by } = found;
        this.#write((writer) => writer.gates.answerBy(gate.gateId, { policyId, scope, by }));
      }
    }
    due.drop(timerId);
  }
}
