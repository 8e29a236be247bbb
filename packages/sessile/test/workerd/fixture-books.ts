import { callable, type Json, Session, type SessionRecord, type SessionView, workflow } from "sessile";
import { createD1Record } from "sessile/d1";
import { faultyDatabase } from "./fixture-record.ts";

type State = { readonly count: number };

interface Env {
  readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0];
}

/** `lastSeq` of every view `onCommit` was told of, by session name. */
export const commitsHeard = new Map<string, number[]>();

/** A kind in ledger mode. */
export class Books extends Session<Env, State> {
  readonly kind = "books";
  readonly initialState: State = { count: 0 };
  override readonly durability = "ledger";
  override readonly workflow = workflow({
    initial: "open",
    transitions: { open: ["closed"], closed: ["open"] },
  });
  override readonly snapshots = { everyEvents: 10, everyMs: 60_000, maxChars: 1_000_000, keepViews: 8 };

  readonly add = callable((text: string) => {
    this.append("entry.added", { text });
    this.setState({ count: this.state.count + 1 });
    return this.state.count;
  });
  readonly addLater = callable(async (text: string) => {
    await Promise.resolve();
    return this.add(text);
  });
  readonly expire = callable((gateId: string) => this.expireGate(gateId));
  readonly ask = callable((gateId: string) => this.openGate({ gateId, title: "May I?" }));

  override onRequest(): Response {
    return Response.json(this.state as unknown as Json);
  }
  override onCommit(_before: SessionView<State>, after: SessionView<State>): void {
    const heard = commitsHeard.get(this.name) ?? [];
    heard.push(after.lastSeq);
    commitsHeard.set(this.name, heard);
  }
  override describe() {
    return { facts: (view: { readonly state: State }) => ({ count: view.state.count }) };
  }
  override recordOf(env: Env): SessionRecord {
    return createD1Record(faultyDatabase(env.SESSILE_RECORD));
  }
}
