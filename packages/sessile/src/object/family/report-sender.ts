import { reportedSeq } from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Commit } from "../../protocol/event.ts";
import { reportId, type SentReport, sessionActor } from "../../protocol/family.ts";
import type { SessionCaller, WireOutcome } from "../../protocol/request.ts";
import type { Clock } from "../clock.ts";
import type { SessionHost } from "../session-host.ts";
import { askSession, type SessionObject } from "../session-rpc.ts";
import type { WorkFunction } from "../works/work-runner.ts";

/** Reports that travel together. */
const maxReports = 64;
const firstPauseMs = 250;
const longestPauseMs = 60_000;

export interface ReportSenderOptions {
  readonly host: () => Pick<SessionHost, "kernel" | "readAfter" | "shown">;
  readonly clock: Clock;
  /** Id of this session's own object: nobody else knows it, so nobody can take the ids of its reports. */
  readonly objectId: string;
  /** A fresh stub of the object of that id. @throws SessileError `unavailable` */
  readonly open: (objectId: string) => SessionObject;
}

/**
 * Brings reports to the parent, in order. Each is work of the journal, which says what is still to be delivered; this only holds the
 * promises of those that wait, so an instance that dies leaves nothing behind but them.
 */
export class ReportSender {
  readonly #options: ReportSenderOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<undefined>>();
  #isSending = false;

  constructor(options: ReportSenderOptions) {
    this.#options = options;
  }

  readonly work: WorkFunction = (_work, input): Promise<undefined> => {
    const waiting = Promise.withResolvers<undefined>();
    this.#waiting.set(reportedSeq(input), waiting);
    if (!this.#isSending) void this.#sendAll();
    return waiting.promise;
  };

  async #sendAll(): Promise<void> {
    const { clock } = this.#options;
    this.#isSending = true;
    // Whatever else an instance finds to be delivered joins first.
    await clock.wait(0);
    for (let failures = 0; this.#waiting.size > 0; ) {
      const seqs = [...this.#waiting.keys()].sort((a, b) => a - b).slice(0, maxReports);
      const failure = await this.#send(seqs);
      failures = failure ? failures + 1 : 0;
      if (failure) await clock.wait(pauseMs(failures, failure));
    }
    this.#isSending = false;
  }

  /** @returns why the first that still waits is to be sent again */
  async #send(seqs: readonly number[]): Promise<SessileError | null> {
    try {
      const outcomes = await this.#deliver(seqs);
      for (const [index, seq] of seqs.entries()) {
        const outcome = outcomes[index] as WireOutcome;
        if (outcome.ok) {
          this.#settle(seq, null);
          continue;
        }
        const error = SessileError.fromWire(outcome.error);
        if (isPassing(error)) return error;
        this.#settle(seq, error);
      }
      return null;
    } catch (thrown) {
      const error = SessileError.from(thrown);
      if (isPassing(error)) return error;
      for (const seq of seqs) this.#settle(seq, error);
      return null;
    }
  }

  async #deliver(seqs: readonly number[]): Promise<readonly WireOutcome[]> {
    const { host, open } = this.#options;
    const { kernel } = host();
    // Nobody hears of what the record may yet lose.
    await host().shown();
    const { parent, ...child } = kernel.committedView;
    if (!parent) throw new SessileError("rejected", "This session has no parent to report to.");
    const reports: SentReport[] = [];
    for (const seq of seqs) reports.push(await this.#read(seq));
    const address = { kind: child.kind, name: child.name };
    const caller: SessionCaller = { actor: sessionActor(address) };
    const { outcomes } = await askSession(
      () => open(parent.objectId),
      { op: "reports", child: address, reports },
      caller,
    );
    return outcomes;
  }

  async #read(seq: number): Promise<SentReport> {
    const { host, objectId } = this.#options;
    const { createdAt } = host().kernel.committedView;
    const { commits } = await host().readAfter(seq - 1, 1);
    const commit = JSON.parse(commits[0]?.body ?? "null") as Commit | null;
    const event = commit?.events[seq - commit.firstSeq];
    if (!event) throw new SessileError("internal", `Event ${seq} is not there to be reported.`);
    return { id: reportId(objectId, createdAt, seq), seq, type: event.type, payload: event.payload ?? null };
  }

  #settle(seq: number, error: SessileError | null): void {
    const waiting = this.#waiting.get(seq);
    this.#waiting.delete(seq);
    if (error) waiting?.reject(error);
    else waiting?.resolve(undefined);
  }
}

/** What is worth trying again: the parent is away, or paused. */
function isPassing(error: SessileError): boolean {
  return error.retryable || (error.code === "not_writable" && error.details.current === "paused");
}

/** Doubled per failure, half of it by chance, so that the children of a parent that comes back do not all come at once. */
function pauseMs(failures: number, { details }: SessileError): number {
  const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10));
  return Math.max(details.retryAfterMs ?? 0, longest * (0.5 + Math.random() / 2));
}
