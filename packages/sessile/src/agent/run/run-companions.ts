import type { ActiveRun, Json, RunInfo } from "../../protocol/index.ts";
import type { ChildSession, ChildSessions, DelegatedRun } from "../children/child-sessions.ts";
import type { CompanionCall, Companions } from "../children/companion.ts";
import type { Delegated } from "./run-port.ts";

/** The companions of a session: its children, by name. Each belongs to the session that made it. */
export class RunCompanions {
  readonly #sessions: ChildSessions;

  constructor(sessions: ChildSessions) {
    this.#sessions = sessions;
  }

  /** @param runId of what the companion is to do, the same however often it is asked. @throws SessileError */
  async ask(
    { deadlineAt }: ActiveRun,
    companions: Companions,
    call: CompanionCall,
    runId: string,
  ): Promise<Delegated> {
    if (call.op === "listChildren")
      return done(this.#sessions.companions().map(({ type, name }) => ({ type, name })));
    const child = this.find(companions, call);
    if (!child) return told("There is no such companion, or no such type of them.");
    switch (call.op) {
      case "spawnAgent":
      case "sendMessage": {
        const { message, wait = false } = call;
        const { agent } = companions[this.#typeOf(call) ?? ""] ?? {};
        const deadlineMs = deadlineAt === null || !wait ? null : Math.max(1, deadlineAt - Date.now());
        const asked = await child.delegate({
          ...(agent === undefined ? {} : { agent }),
          message,
          runId,
          ...(deadlineMs === null ? {} : { deadlineMs }),
        });
        return wait ? ended(asked) : done(statusOf(asked));
      }
      case "waitForResult":
        return ended(await child.watch());
      case "getChildStatus":
        return done(statusOf(await child.watch()));
      case "terminateChild":
        await child.terminate();
        return done({ status: "terminated" });
    }
  }

  /** Whom a call is about. */
  find(companions: Companions, call: CompanionCall): ChildSession | null {
    const type = this.#typeOf(call);
    const companion = type !== null && Object.hasOwn(companions, type) ? companions[type] : undefined;
    if (type === null || !companion || !("name" in call)) return null;
    return this.#sessions.of(companion.namespace, this.#sessions.companionName(type, call.name));
  }

  #typeOf(call: CompanionCall): string | null {
    if (call.op === "spawnAgent") return call.type;
    if (call.op === "listChildren") return null;
    return this.#sessions.companions().find(({ name }) => name === call.name)?.type ?? null;
  }
}

function ended({ child, run }: DelegatedRun): Delegated {
  if (!run) return done({ status: "idle" });
  return run.endedAt === null ? { is: "atWork", child } : done(resultOf(run));
}

function statusOf({ run }: DelegatedRun): Json {
  if (!run) return { status: "idle" };
  const { status, steps, pending } = run;
  return { status, steps, waitsFor: pending.map(({ toolName = "budget" }) => toolName) };
}

function resultOf({ status, result, error }: RunInfo): Json {
  if (status === "completed") return { status, text: result?.text ?? "" };
  return { status, reason: error?.message ?? result?.reason ?? null };
}

function done(output: Json): Delegated {
  return { is: "done", answer: { do: "give", output } };
}

function told(value: string): Delegated {
  return { is: "done", answer: { do: "tell", output: { type: "error-text", value } } };
}
