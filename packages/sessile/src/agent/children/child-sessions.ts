import type { SessionStub } from "../../object/family/other-session.ts";
import { askSession, type SessionObject } from "../../object/session-rpc.ts";
import type { WorkContext } from "../../object/works/work-runner.ts";
import type { UsageAmount } from "../../protocol/budget.ts";
import {
  type Json,
  type RunInfo,
  type RunStop,
  runInfoOf,
  SessileError,
  type SessionAccess,
  type SessionAddress,
  sessionActor,
  sha256Hex,
} from "../../protocol/index.ts";
import type { StreamReplies } from "../../protocol/stream-request.ts";
import type { RunSession } from "../run/run-session.ts";
import { shareChild } from "./access-sharing.ts";
import type { AgentNamespace } from "./subagent.ts";

/** How a run in another session stands. */
export interface DelegatedRun {
  readonly child: SessionAddress;
  /** Null: it has had none. */
  readonly run: RunInfo | null;
  /** Null: not known. */
  readonly costMicros: number | null;
}

/** What another session's agent is asked. */
export type Delegation = {
  readonly agent?: string;
  readonly message: string;
  /** The same again is the same run. */
  readonly runId: string;
  /** Of the run that goes on with it if that one was interrupted. */
  readonly goOnAs?: string;
  readonly deadlineMs?: number;
  /** The most that this session may use for it. */
  readonly budget?: UsageAmount;
  /** A JSON schema. */
  readonly outputSchema?: Json;
};

/** For whom: what the parent's word is taken for, and nobody else's. */
export type Asker = {
  /** Id of whoever started the run that asks. */
  readonly startedBy?: string;
  /** Whose the parent is, if sessions have owners: they see and approve there what they may here. */
  readonly access?: SessionAccess;
};

/** A child as its parent calls it. */
export interface ChildSession {
  delegate(request: Delegation): Promise<DelegatedRun>;
  /** Its newest run, of whose end the parent is told from then on. */
  watch(): Promise<DelegatedRun>;
  /** @param runId absent: whatever it is at */
  stop(how: RunStop, runId?: string): Promise<void>;
  terminate(): Promise<void>;
}

interface ChildCalls {
  delegateRun(request: Delegation & Asker): Promise<Json>;
  watchRun(): Promise<Json>;
  stopRun(request: Json): Promise<Json>;
}

const separator = ".";
const subagentPrefix = "sub";
const companionPrefix = "companion";
/** A row of the session's own, beside its log. */
const secretKey = "childSecret";
const secretChars = 16;

/**
 * The sessions that the agents of a session have made. Their names tell whose they are and what for, and hold something that nobody
 * can know before they are there, so that nobody else is there first.
 */
export class ChildSessions {
  readonly #options: Pick<RunSession, "session" | "agents">;

  constructor(options: Pick<RunSession, "session" | "agents">) {
    this.#options = options;
  }

  of(namespace: AgentNamespace, name: string): ChildSession {
    const { session } = this.#options;
    const stub = session.child(namespace as DurableObjectNamespace, name);
    const calls = stub.call as unknown as ChildCalls;
    return {
      delegate: async (request) => {
        const { access } = session.view;
        try {
          const asked = (await calls.delegateRun({
            ...request,
            ...this.#asker(),
          })) as unknown as DelegatedRun;
          if (session.view.access !== access) await this.#share(asked.child, namespace);
          return asked;
        } catch (thrown) {
          // A session that has been terminated does nothing any more, and still knows what it has done.
          const run = isTerminated(thrown) ? await this.#readRun(namespace, name, request.runId) : null;
          const child = this.#children().find((one) => one.name === name);
          if (!run || !child) throw thrown;
          return { child, run, costMicros: null };
        }
      },
      watch: async () => (await calls.watchRun()) as unknown as DelegatedRun,
      stop: async (how, runId) => {
        // One that is gone is at nothing.
        await unlessRefused(calls.stopRun({ how, ...(runId === undefined ? {} : { runId }) }));
      },
      terminate: async () => {
        const { lifecycle } = await stub.view();
        if (lifecycle !== "terminated") await stub.setLifecycle("terminated");
      },
    };
  }

  subagentName(key: string, toolName: string): string {
    return this.#nameOf(subagentPrefix, key, toolName);
  }

  companionName(type: string, name: string): string {
    return this.#nameOf(companionPrefix, "", [type, name].join(separator));
  }

  companions(): readonly { readonly type: string; readonly name: string }[] {
    const own = this.#beginningOf(companionPrefix, "");
    return this.#children().flatMap((child) => {
      if (!child.name.startsWith(own)) return [];
      const [, , type = "", name = ""] = child.name.split(separator);
      return [{ type, name }];
    });
  }

  /** The name of the child that is there for it, or else the one that it is to have. */
  #nameOf(prefix: string, key: string, what: string): string {
    const beginning = this.#beginningOf(prefix, key);
    const end = separator + what;
    const known = this.#children().find(({ name }) => name.startsWith(beginning) && name.endsWith(end));
    return known?.name ?? beginning + idOf(`${this.#secret()} ${key}`).slice(0, secretChars) + end;
  }

  #beginningOf(prefix: string, key: string): string {
    const { kind, name } = this.#options.session.view;
    return [prefix, idOf(`${kind}/${name} ${key}`)].join(separator);
  }

  /** Lies in no log: whoever reads a session cannot tell the names of the children it is yet to have. */
  #secret(): string {
    const { session } = this.#options;
    session.sql`INSERT OR IGNORE INTO _sessile_meta VALUES (${secretKey}, ${crypto.randomUUID()})`;
    const [row] = session.sql<{ value: string }>`SELECT value FROM _sessile_meta WHERE key = ${secretKey}`;
    return row?.value ?? "";
  }

  #children(): readonly SessionAddress[] {
    const { session } = this.#options;
    const all: SessionAddress[] = [];
    for (let page = session.children(); page.length > 0; ) {
      all.push(...page);
      const last = page.at(-1);
      page = last ? session.children({ after: last }) : [];
    }
    return all;
  }

  async #readRun(namespace: AgentNamespace, name: string, runId: string): Promise<RunInfo | null> {
    const { kind, name: own } = this.#options.session.view;
    const open = () => namespace.getByName(name) as SessionObject;
    const request = { op: "stream", streamId: runId, action: { do: "info" } } as const;
    const { info } = (await askSession(open, request, {
      actor: sessionActor({ kind, name: own }),
    })) as StreamReplies["info"];
    return info && runInfoOf(info);
  }

  #asker(): Asker {
    const { active } = this.#options.session.state.agent;
    const { access } = this.#options.session.view;
    return {
      ...(typeof active?.startedBy === "string" ? { startedBy: active.startedBy } : {}),
      ...(access ? { access } : {}),
    };
  }

  /** Deletes those of these children that agents have made. What is gone already stays gone. */
  async delete(parent: SessionAddress, children: readonly SessionAddress[]): Promise<void> {
    for (const child of children) {
      for (const namespace of this.#namespacesOf(child)) {
        const open = () => namespace.getByName(child.name) as SessionObject;
        // One that was given away is not deleted, and must not keep its parent.
        await unlessRefused(askSession(open, { op: "delete", free: false }, { actor: sessionActor(parent) }));
      }
    }
  }

  /** Has those that agents have made let in whoever may be in this session by now. */
  async share(work: WorkContext): Promise<undefined> {
    await work.step("share", () => this.#shareAll(), { attempts: 20 });
    return undefined;
  }

  /** One that cannot be reached keeps it from no other. */
  async #shareAll(): Promise<null> {
    const failures: unknown[] = [];
    for (const child of this.#children())
      for (const namespace of this.#namespacesOf(child))
        await unlessRefused(this.#share(child, namespace)).catch((thrown) => failures.push(thrown));
    if (failures.length > 0) throw failures[0];
    return null;
  }

  #share(child: SessionAddress, namespace: AgentNamespace): Promise<void> {
    const { session } = this.#options;
    const stub = session.session(namespace as DurableObjectNamespace, child.name);
    const open = () => namespace.getByName(child.name) as SessionObject;
    return shareChild({ session }, child, stub as Pick<SessionStub<unknown>, "view">, open);
  }

  /** Where sessions lie that were made for a tool, or as a type of companion. */
  #namespacesOf({ name }: SessionAddress): ReadonlySet<AgentNamespace> {
    const [prefix = "", , what = ""] = name.split(separator);
    const found = this.#options.agents().flatMap(({ subagents, companions }) => {
      if (prefix === subagentPrefix) return subagents[what]?.namespace ?? [];
      return prefix === companionPrefix ? (companions[what]?.namespace ?? []) : [];
    });
    return new Set(found);
  }
}

function isTerminated(thrown: unknown): boolean {
  return thrown instanceof SessileError && thrown.details.current === "terminated";
}

/** What is refused for good is not tried again. */
async function unlessRefused(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (thrown) {
    if (!(thrown instanceof SessileError) || thrown.retryable) throw thrown;
  }
}

/** As short as an id has to be that nobody else comes upon. */
export function idOf(text: string): string {
  return sha256Hex(text).slice(0, 32);
}
