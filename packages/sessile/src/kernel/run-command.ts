import type { Command } from "../protocol/command.ts";
import { SessileError, unreachable } from "../protocol/error.ts";
import { assertJson, type Json } from "../protocol/json.ts";
import type { Lifecycle } from "../protocol/lifecycle.ts";
import type { KindDefinition } from "./definition.ts";
import { assertEndedBy } from "./drafts.ts";
import type { FoundEvent } from "./log.ts";
import { refuseThenable } from "./sql.ts";
import { asVeto, type Writer } from "./writer.ts";

/** The id a command is known by in the log: what ends a draft carries the draft's, so that it ends once. */
export function taskIdOf(command: Command): string | undefined {
  return command.op === "sendDraft" || command.op === "cancelDraft" ? command.draftId : command.id;
}

/** @throws SessileError `conflict` if the event that carries the command's id is not what it would have written */
export function assertRepeats(command: Command, earlier: FoundEvent): void {
  if (command.op === "sendDraft" || command.op === "cancelDraft") assertEndedBy(command.op, earlier);
}

/**
 * What a client's command may do, and does, inside a commit.
 *
 * @param maxChars the JSON that the command came in is no longer than this
 * @returns the command's answer
 */
export function runCommand(
  command: Command,
  writer: Writer,
  kind: KindDefinition,
  maxChars = Number.POSITIVE_INFINITY,
): Json | undefined {
  if (command.op !== "setLifecycle" && command.op !== "setAccess") assertActive(writer.view.lifecycle);
  switch (command.op) {
    case "append":
      assertAppendable(command.type, command.payload, kind, maxChars);
      asVeto("event", () => kind.validateEvent(command.type, command.payload ?? null));
      writer.append(command.type, command.payload);
      return undefined;
    case "setState":
      refuseUnless(
        kind.clientWrites.state,
        "This kind does not let clients write the state. Call one of its methods.",
      );
      writer.setState(command.state, command.ifVersion);
      return undefined;
    case "reset":
      writer.reset();
      return undefined;
    case "setStatus":
      refuseUnless(
        kind.clientWrites.status,
        "This kind does not let clients set the status. Call one of its methods.",
      );
      writer.setStatus(command.to, command.expectedVersion);
      return undefined;
    case "setLifecycle":
      writer.setLifecycle(command.to, command.expectedVersion);
      return undefined;
    case "answerGate":
      writer.gates.answer(command.gateId, command);
      return undefined;
    case "addPolicy":
      return { policyId: writer.gates.addPolicy(command) };
    case "revokePolicy":
      writer.gates.revokePolicy(command.policyId);
      return undefined;
    case "saveDraft":
      assertAppendable(command.type, command.payload, kind, maxChars);
      return {
        draftId: writer.saveDraft({
          draftId: command.draftId,
          type: command.type,
          payload: command.payload ?? null,
        }),
      };
    case "sendDraft":
      writer.sendDraft(command.draftId, ({ type, payload }) => {
        assertAppendable(type, payload, kind, Number.POSITIVE_INFINITY);
        asVeto("event", () => kind.validateEvent(type, payload));
      });
      return undefined;
    case "cancelDraft":
      writer.cancelDraft(command.draftId);
      return undefined;
    case "setAccess": {
      const { visibility, ownerId, members } = command;
      writer.setAccess({ visibility, ownerId, members });
      return undefined;
    }
    case "call":
      return callMethod(command.method, command.args, kind);
    default:
      return unreachable(command);
  }
}

function assertAppendable(
  type: string,
  payload: Json | undefined,
  kind: KindDefinition,
  maxChars: number,
): void {
  const allowed = kind.clientWrites.events;
  if (allowed !== "any" && !allowed.includes(type)) {
    throw new SessileError("forbidden", "This kind does not let clients append events of this type.", {
      field: "type",
    });
  }
  if (type === kind.transcripts?.final || type === kind.transcripts?.partial) {
    throw new SessileError("forbidden", "Transcripts are written by the session itself.", { field: "type" });
  }
  const { maxPayloadChars } = kind.limits;
  // Written anew JSON may be longer than it came (1e20 has 21 digits), but not six times: a short frame's need not be measured.
  if (maxChars * 6 <= maxPayloadChars || payload === undefined) return;
  if (JSON.stringify(payload).length <= maxPayloadChars) return;
  throw new SessileError(
    "limit_exceeded",
    `A payload is at most ${maxPayloadChars} characters of JSON. Store larger things elsewhere and append a pointer.`,
    { field: "payload", limit: "maxPayloadChars" },
  );
}

function callMethod(name: string, args: readonly Json[], kind: KindDefinition): Json | undefined {
  const method = kind.method(name);
  if (!method)
    throw new SessileError("not_found", "This kind has no callable method of that name.", {
      field: "method",
    });
  const result = method(...args);
  refuseThenable(result);
  if (result === undefined) return undefined;
  assertJson(result, "result");
  return result;
}

/** Clients write to active sessions only. @throws SessileError `not_writable`, or `unavailable` while it starts */
export function assertActive(lifecycle: Lifecycle): void {
  switch (lifecycle) {
    case "active":
      return;
    case "paused":
      throw new SessileError("not_writable", "This session is paused. Resume it first.", {
        current: lifecycle,
      });
    case "terminated":
      throw new SessileError("not_writable", "This session is terminated: it can be read, not written.", {
        current: lifecycle,
      });
    case "initializing":
      throw new SessileError("unavailable", "This session is still starting.", {
        current: lifecycle,
        retryAfterMs: 100,
      });
    default:
      unreachable(lifecycle);
  }
}

function refuseUnless(allowed: boolean, message: string): void {
  if (!allowed) throw new SessileError("forbidden", message);
}
