import { isDeepStrictEqual } from "node:util";
import { type ErrorCode, SessileError } from "../../protocol/error.ts";
import type { SessionEvent } from "../../protocol/event.ts";
import type { Random } from "./random.ts";
import type { RequestSender } from "./request-sender.ts";
import type { SimulatedClient } from "./simulated-client.ts";

/** Something an author did to the draft, in the order it was done. */
interface DraftAct {
  readonly does: "save" | "send" | "cancel";
  /** Of a save: what it wrote. */
  readonly tag: string;
  told: "waiting" | "done" | "refused" | "unknown";
  /** Of the event that a send or a cancel wrote. */
  seq: number;
}

/** Closed before it learnt, asked again when the event was archived, or saved again when the draft had ended (DR6). */
const isUnknown: ReadonlySet<ErrorCode> = new Set(["unavailable", "fenced", "conflict"]);

/** Writes drafts, which the session keeps for nobody else, and sends or cancels them. */
export class SimulatedAuthor {
  readonly client: SimulatedClient;
  readonly #random: Random;
  readonly #acts: DraftAct[] = [];

  /** @param client nobody else sends through */
  constructor(client: SimulatedClient) {
    this.client = client;
    this.#random = client.object.world.random.fork(`author ${client.name}`);
  }

  /** Writes for a while, and mostly ends what was written. */
  act(senders: readonly RequestSender[]): void {
    const random = this.#random;
    const later = (act: () => void) =>
      this.client.object.world.timeline.plan(random.between(0, 1500), `${this.client.name} goes on`, act);
    for (let saves = random.between(1, 3); saves > 0; saves--) this.#do("save");
    later(() => {
      if (random.chance(0.3)) this.#meddle(senders);
      if (random.chance(0.3)) this.#do("save");
      if (random.chance(0.9)) this.#do(random.chance(0.8) ? "send" : "cancel");
    });
  }

  get lack(): string | null {
    const waiting = this.#acts.find(({ told }) => told === "waiting");
    return waiting ? `${this.client.name} waits for the answer to ${waiting.does} ${waiting.tag}` : null;
  }

  #do(does: DraftAct["does"]): void {
    const { name, object, drafts } = this.client;
    const act: DraftAct = { does, tag: `${name}-draft-${this.#acts.length}`, told: "waiting", seq: 0 };
    this.#acts.push(act);
    object.world.note(`${name} does ${does} ${act.tag}`);
    const learns = (told: DraftAct["told"], seq = 0) => {
      object.world.note(`${name} learns ${act.tag} ${told}`);
      Object.assign(act, { told, seq });
    };
    const answer = does === "save" ? drafts.save("note.added", { tag: act.tag }) : drafts[does]();
    answer.then(
      ({ seq }) => learns("done", seq),
      (thrown: unknown) => learns(isUnknown.has(SessileError.from(thrown).code) ? "unknown" : "refused"),
    );
  }

  /** Somebody else tries to end the draft. Whatever comes of it, the ledger knows that it was theirs. */
  #meddle(senders: readonly RequestSender[]): void {
    const draftId = this.client.snapshot.draft?.draftId;
    if (draftId !== undefined)
      this.#random.pick(senders).send({ op: this.#random.pick(["sendDraft", "cancelDraft"]), draftId });
  }

  /** A draft is shown to nobody else, and not together with what it became. */
  static always(clients: readonly SimulatedClient[]): void {
    for (const { name, object, snapshot } of clients) {
      const { draft, events } = snapshot;
      if (!draft) continue;
      const { tag } = draft.payload as { readonly tag: string };
      if (!tag.startsWith(`${name}-draft-`)) object.world.fail(`${name} is shown the draft ${tag}`);
      if (events.some(({ clientEventId }) => clientEventId === draft.draftId))
        object.world.fail(`${name} is shown the draft ${tag} and what it became`);
    }
  }

  /** What was sent is what was saved last, and it is a draft no more; what was cancelled tells nothing of it. */
  check(events: readonly SessionEvent[]): void {
    const { object, name } = this.client;
    const ended = new Set<unknown>();
    for (const { seq, type, payload, clientEventId, actor } of events) {
      if (actor?.id !== name) continue;
      ended.add(clientEventId);
      const { tag, ...rest } = payload as Readonly<Record<string, unknown>>;
      const isRight =
        type === "draft.cancelled"
          ? isDeepStrictEqual(payload, { draftId: clientEventId })
          : Object.keys(rest).length === 0 && this.#sendable(seq).includes(String(tag));
      if (!isRight)
        object.world.fail(`the draft ${clientEventId} of ${name} ended as ${JSON.stringify(payload)}`);
    }
    for (const { does, told, seq, tag } of this.#acts)
      if (does !== "save" && told === "done" && events[seq - 1]?.actor?.id !== name)
        object.world.fail(`${does} ${tag} was acknowledged at ${seq}, which is no event of ${name}`);
    const [kept] = object.database.peek("SELECT draft_id, author FROM _sessile_draft");
    if (kept?.author === name && ended.has(kept.draft_id))
      object.world.fail(`the draft ${kept.draft_id} has ended and is still there`);
  }

  /** Tags of what may have been sent at `seq`: what was saved last, unless commands of an earlier life may have come in between. */
  #sendable(seq: number): string[] {
    const sent = this.#acts.findIndex((act) => act.does === "send" && act.told === "done" && act.seq === seq);
    const before = this.#acts.slice(0, sent < 0 ? this.#acts.length : sent);
    const isCertain =
      sent >= 0 &&
      before.every(({ told }) => told !== "unknown") &&
      !this.client.object.database.hasOutlivedFailure;
    const saved = before
      .filter(({ does, told }) => does === "save" && told !== "refused")
      .map(({ tag }) => tag);
    return isCertain ? saved.slice(-1) : saved;
  }
}
