import { isDeepStrictEqual } from "node:util";
import { defaultSummaryPolicy, type StoredSummary } from "../../kernel/index.ts";
import type { Command } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import { lastSeqOf } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { SessionReplies, SessionReply } from "../../protocol/request.ts";
import { type SummaryStyle, summaryStyles } from "../../protocol/summary.ts";
import type { Answer, Ledger, Promised } from "./ledger.ts";
import type { LogFollower } from "./log-follower.ts";
import type { Random } from "./random.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import type { World } from "./world.ts";

const answerWithinMs = 4000;

/** Sends each command by itself, as a request under a foreign id, and repeats it until an answer comes; sometimes twice at once. */
export class RequestSender {
  readonly name: string;
  readonly object: SessionObject;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #log: LogFollower;
  readonly #random: Random;
  #sent = 0;

  constructor(world: World, ledger: Ledger, name: string, object: SessionObject, log: LogFollower) {
    this.#world = world;
    this.#ledger = ledger;
    this.name = name;
    this.object = object;
    this.#log = log;
    this.#random = world.random.fork(`sender ${name}`);
  }

  send(command: Command): void {
    const id = `${this.name}-request-${this.#sent++}`;
    const promised = this.#ledger.open(this.name, this.object, id, command);
    this.#world.note(`${this.name} requests ${id} ${JSON.stringify(command)}`);
    this.#attempt(promised);
    if (!this.#random.chance(0.2)) return;
    promised.copies += 1;
    this.#attempt(promised);
  }

  /** Reads the session; an answer that comes is the session at one moment since it was asked for. */
  look(): void {
    const { object } = this;
    const known = Math.max(
      this.#ledger.knownSeq(object.name),
      this.#world.inLedgerMode ? 0 : object.durableSeq,
    );
    this.#travel(`${this.name} looks`, () =>
      object.request(
        { op: "view" },
        this.name,
        (reply) => this.#travel(`${this.name} sees`, () => this.#sees(reply, known)),
        () => {},
      ),
    );
  }

  /** Asks for a summary; one that comes is in the log. */
  summarize(): void {
    // Mostly the one that snapshots bring.
    const style = this.#random.chance(0.6) ? defaultSummaryPolicy.style : this.#random.pick(summaryStyles);
    this.#travel(`${this.name} wants a summary`, () =>
      this.object.request(
        { op: "summarize", style },
        this.name,
        (reply) =>
          this.#travel(`${this.name} has ${JSON.stringify(reply)}`, () => this.#summarized(reply, style)),
        () => {},
      ),
    );
  }

  #summarized(reply: SessionReply, style: SummaryStyle): void {
    const fail = (what: string) => this.#world.fail(`${this.name} ${what}: ${JSON.stringify(reply)}`);
    if (!reply.ok) {
      const { code, cooldownRemaining = 0 } = reply.error;
      const isInCooldown =
        cooldownRemaining > 0 && cooldownRemaining * 1000 <= SimulatedKind.summaryCooldownMs;
      const isDisk = code === "internal" && this.object.database.hasOutlivedFailure;
      if (code === "rate_limited" ? !isInCooldown : code !== "unavailable" && !isDisk)
        fail("was refused a summary");
      return;
    }
    const { summary } = reply.value as SessionReplies["summarize"];
    if (!summary) return;
    const { seq, createdAt: _at, ...shown } = summary as StoredSummary;
    const isShown = seq <= this.#world.shownSeq(this.object);
    if (!isShown || shown.style !== style || !isDeepStrictEqual(shown, this.#log.events[seq - 1]?.payload))
      fail("was shown a summary");
  }

  /** Reads the log from anywhere to its end, page by page, as far as answers come. */
  browse(): void {
    this.#page(this.#random.between(0, this.#world.shownSeq(this.object)));
  }

  #page(after: number): void {
    this.#travel(`${this.name} reads after ${after}`, () =>
      this.object.request(
        { op: "events", after, limit: this.#random.pick([1, 10, 1000]) },
        this.name,
        (reply) => this.#travel(`${this.name} has read after ${after}`, () => this.#reads(reply, after)),
        () => {},
      ),
    );
  }

  #reads(reply: SessionReply, after: number): void {
    if (!reply.ok) {
      if (reply.error.code !== "unavailable") this.#world.fail(`${this.name} was refused events`);
      return;
    }
    const { commits, more } = reply.value as SessionReplies["events"];
    const { object } = this;
    let end = after;
    for (const commit of commits) {
      const lastSeq = lastSeqOf(commit);
      const isNext = commit.firstSeq <= end + 1 && lastSeq > end;
      if (
        !isNext ||
        lastSeq > this.#world.shownSeq(object) ||
        !isDeepStrictEqual(commit, this.#log.commitAt(lastSeq))
      )
        this.#world.fail(`${this.name} read ${JSON.stringify(commit)} of ${object.name} after ${end}`);
      end = lastSeq;
    }
    if (more && end === after)
      this.#world.fail(`${this.name} read nothing after ${after}, and there is more`);
    if (more && end > after) this.#page(end);
  }

  #sees(reply: SessionReply, known: number): void {
    if (!reply.ok) return;
    const view = reply.value as SessionReplies["view"];
    const { lastSeq } = view;
    if (lastSeq < known || lastSeq > this.#world.shownSeq(this.object))
      this.#world.fail(`${this.name} sees ${this.object.name} at ${lastSeq}; known was ${known}`);
    if (!isDeepStrictEqual(view, this.#log.viewAt(lastSeq)))
      this.#world.fail(`${this.name} sees ${JSON.stringify(view)} at ${lastSeq}`);
  }

  #attempt(promised: Promised): void {
    const { timeline } = this.#world;
    let isOver = false;
    const again = (afterMs: number) => {
      if (isOver) return;
      isOver = true;
      promised.copies += 1;
      if (promised.told.is === "waiting")
        timeline.plan(afterMs + this.#random.between(0, 500), `${promised.id} again`, () =>
          this.#attempt(promised),
        );
    };
    timeline.plan(answerWithinMs, `${promised.id} deadline`, () => again(0));
    this.#travel(`${promised.id} →`, () => {
      const body = { ...promised.command, id: promised.id } as unknown as Json;
      this.object.request(
        { op: "commands", commands: [body], chars: 100 },
        this.name,
        (reply) => this.#travel(`${promised.id} ←`, () => this.#answered(promised, reply, again)),
        () => again(500),
      );
    });
  }

  #answered(promised: Promised, reply: SessionReply, again: (afterMs: number) => void): void {
    const told = toldBy(reply);
    this.#world.note(`${this.name} learns ${promised.id} ${JSON.stringify(told)}`);
    if (told.is === "refused" && told.error.retryable) {
      again(told.error.details.retryAfterMs ?? 0);
      return;
    }
    this.#ledger.tell(promised, this.object, told);
  }

  #travel(label: string, arrive: () => void): void {
    this.#world.travel(this.#random, label, arrive);
  }
}

function toldBy(reply: SessionReply): Answer {
  if (!reply.ok) return { is: "refused", error: SessileError.fromWire(reply.error) };
  const { outcomes } = reply.value as SessionReplies["commands"];
  const outcome = outcomes[0];
  if (!outcome?.ok) {
    const error = outcome
      ? SessileError.fromWire(outcome.error)
      : new SessileError("internal", "No outcome.");
    return { is: "refused", error };
  }
  return { is: "done", seq: outcome.seq, result: outcome.result };
}
