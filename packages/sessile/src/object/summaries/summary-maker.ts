import {
  type DueTimer,
  type Kernel,
  type LogPage,
  mayHold,
  type StoredCommit,
  type StoredSummary,
  Summaries,
  type SummaryPolicy,
  type Writer,
} from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import {
  extractiveModel,
  type ModelUsage,
  type Summarizer,
  type SummarizerAnswer,
  type Summary,
  type SummaryInput,
  type SummaryReason,
  type SummaryStyle,
} from "../../protocol/summary.ts";
import type { SessionView } from "../../protocol/view.ts";
import type { Clock } from "../clock.ts";
import { assertAnswer, usageOfFailure } from "./summary-answer.ts";
import { extractiveSummarizer, extractSummary } from "./summary-extractive.ts";
import { type Transcript, transcriptOf } from "./summary-input.ts";

export const summaryDuePrefix = "summary:";
/** How long somebody who asks is kept waiting before he is told that it is still being made. */
const patienceMs = 30_000;
/** Until what happened is shown, which in ledger mode takes the record's answer. */
const unshownRetryMs = 1000;
/** Events that are looked at for one summary, however many there are: what it costs does not grow with the log. */
const maxEventsRead = 2000;
const pageEvents = 500;

export interface SummaryMakerOptions {
  readonly kernel: Kernel;
  /** Null makes none. */
  readonly policy: SummaryPolicy | null;
  readonly summarizer: Summarizer | null;
  readonly clock: Clock;
  /** The view as it is shown: a summary covers nothing beyond it. */
  readonly shownView: () => SessionView;
  readonly readAfter: (after: number, maxEvents: number) => Promise<LogPage> | LogPage;
  /** Why nothing can be written now; null if it can. Asked before a model is paid for what could not be kept. */
  readonly refusal: () => SessileError | null;
  readonly write: (body: (writer: Writer) => void) => void;
  readonly report: (message: string, thrown: unknown) => void;
  readonly rearm: () => void;
}

/** One summary to be made. */
interface Job {
  readonly reason: SummaryReason;
  readonly style: SummaryStyle;
  readonly base: StoredSummary | null;
  readonly toSeq: number;
  readonly transcript: Transcript;
}

/**
 * Makes summaries beside the commits. What is to be made follows from the log, and a row of due work is what gets it made: so
 * an instance that dies leaves it to the next one, and a model that fails or hangs holds up nothing.
 */
export class SummaryMaker {
  readonly #options: SummaryMakerOptions;
  readonly #summaries: Summaries;
  #waiting: (() => void)[] = [];
  /** Ends when nothing is being made: two at once would go on from the same summary. */
  #busy: Promise<void> = Promise.resolve();
  /** The newest summary, until the next one or the next snapshot. */
  #newest: { readonly summary: StoredSummary | null } | null = null;

  constructor(options: SummaryMakerOptions) {
    this.#options = options;
    this.#summaries = new Summaries(options.kernel.sql);
  }

  /** The newest summary that is shown. */
  newest(): StoredSummary | null {
    const { kernel } = this.#options;
    if (kernel.insideCommit) return this.#summaries.last();
    this.#newest ??= { summary: this.#summaries.last(undefined, this.#options.shownView().lastSeq + 1) };
    return this.#newest.summary;
  }

  /** On wake, and after another log took this one's place: whatever the log says is missing. */
  start(): void {
    this.#newest = null;
    const { kernel, policy, clock } = this.#options;
    if (!policy) return;
    if (kernel.committedView.lifecycle === "terminated") {
      if (!this.#summaries.lastFor("termination")) this.#arm("termination", clock.now());
    } else if (this.#summaries.pendingRequest()) this.#arm("request", clock.now());
  }

  /** After every commit. */
  committed(stored: StoredCommit, before: SessionView, after: SessionView, now: number): void {
    const { policy } = this.#options;
    const isSealed = mayHold(stored, "snapshot.sealed");
    if (isSealed || mayHold(stored, "summary.created")) this.#newest = null;
    if (!policy) return;
    if (after.lifecycle === "terminated") {
      if (before.lifecycle !== "terminated") this.#arm("termination", now);
      return;
    }
    if (isSealed && policy.onSnapshot)
      this.#arm("snapshot", Math.max(now, this.#summaries.nextOnSnapshotAt(policy)));
  }

  /** A row of due work rang. @throws if the model failed and is to be tried again */
  async rang(timer: DueTimer): Promise<void> {
    const before = this.#busy;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#busy = promise;
    await before;
    try {
      await this.#run(timer);
    } finally {
      resolve();
    }
  }

  async #run(timer: DueTimer): Promise<void> {
    const { policy, kernel } = this.#options;
    const reason = timer.timerId.slice(summaryDuePrefix.length) as SummaryReason;
    if (policy && !this.#options.refusal() && this.#isShown(reason)) {
      const job = await this.#jobFor(reason, policy);
      if (job) await this.#make(job, policy, timer.attempts + 1);
      // Moved meanwhile: another snapshot wants its own.
      if (kernel.due.dueAt(timer.timerId) === timer.dueAt) kernel.due.drop(timer.timerId);
      // Another style was asked for while this one was made.
      if (this.#summaries.pendingRequest() && !this.#hasEnded)
        this.#arm("request", this.#options.clock.now());
      this.#settle();
      return;
    }
    if (policy) kernel.due.put(timer.timerId, this.#options.clock.now() + unshownRetryMs);
    else kernel.due.drop(timer.timerId);
  }

  /**
   * Makes one because somebody asks, unless there is one already that covers everything.
   *
   * @throws SessileError `rate_limited` within the cooldown, `not_writable`
   */
  async request(style: SummaryStyle, ask: () => void): Promise<{ summary: Summary | null; isNew: boolean }> {
    const { kernel, policy, clock } = this.#options;
    if (!policy)
      throw new SessileError("rejected", "This kind of session makes no summaries.", { field: "style" });
    const last = this.#shownLast(style);
    if (last && (await this.#transcript(last, policy)).entries.length === 0)
      return { summary: last, isNew: false };
    const pending = this.#summaries.pendingRequest();
    if (pending?.style !== style) ask();
    const asked = this.#summaries.lastRequest()?.seq ?? 0;
    this.#arm("request", clock.now());
    this.#options.rearm();
    const giveUpAt = clock.now() + patienceMs;
    for (;;) {
      const made = this.#summaries.lastFor("request", style);
      if (made && made.seq > asked && made.seq <= this.#options.shownView().lastSeq)
        return { summary: made, isNew: true };
      const leftMs = giveUpAt - clock.now();
      if (leftMs <= 0 || !kernel.exists) return { summary: null, isNew: true };
      await Promise.race([this.#changed(), clock.wait(Math.min(leftMs, unshownRetryMs))]);
    }
  }

  cooldownRemaining(): number {
    const { policy, clock } = this.#options;
    return policy ? Math.ceil(this.#summaries.cooldownRemainingMs(policy, clock.now()) / 1000) : 0;
  }

  get #hasEnded(): boolean {
    return this.#options.kernel.committedView.lifecycle === "terminated";
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #arm(reason: SummaryReason, at: number): void {
    const { due } = this.#options.kernel;
    const timerId = summaryDuePrefix + reason;
    // A row that stands keeps its count of failures, and what it makes covers this as well.
    if (due.dueAt(timerId) === null) due.put(timerId, at);
  }

  #shownLast(style: SummaryStyle): StoredSummary | null {
    return this.#summaries.last(style, this.#options.shownView().lastSeq + 1);
  }

  /** Whether what the summary is for can be seen yet, and the one it goes on from. */
  #isShown(reason: SummaryReason): boolean {
    const view = this.#options.shownView();
    if ((this.#summaries.last()?.seq ?? 0) > view.lastSeq) return false;
    if (reason === "termination") return view.lifecycle === "terminated";
    const { lastSeq } = this.#options.kernel.committedView;
    const seq =
      reason === "request"
        ? this.#summaries.lastRequest()?.seq
        : this.#options.kernel.snapshots.last()?.toSeq;
    return view.lastSeq >= Math.min(seq ?? 0, lastSeq);
  }

  async #jobFor(reason: SummaryReason, policy: SummaryPolicy): Promise<Job | null> {
    const request = this.#summaries.pendingRequest();
    if (reason === "request" && !request) return null;
    if (reason === "termination" && this.#summaries.lastFor("termination")) return null;
    // The last summary stands for these too.
    if (reason !== "termination" && this.#hasEnded) return null;
    const style = reason === "request" && request ? request.style : policy.style;
    const base = this.#shownLast(style);
    const { lastSeq: toSeq } = this.#options.shownView();
    const transcript = await this.#transcript(base, policy);
    if (reason === "snapshot" && transcript.entries.length === 0) return null;
    return { reason, style, base, toSeq, transcript };
  }

  /** What was shown since `base`, from its end: at most so many events, at most so many characters. */
  async #transcript(base: Summary | null, policy: SummaryPolicy): Promise<Transcript> {
    const { lastSeq: toSeq } = this.#options.shownView();
    const since = base?.toSeq ?? 0;
    const after = Math.max(since, toSeq - maxEventsRead);
    const commits: StoredCommit[] = [];
    for (let from = after; from < toSeq; ) {
      const page = await this.#options.readAfter(from, pageEvents);
      const last = page.commits.at(-1);
      if (!last || last.lastSeq <= from) break;
      commits.push(...page.commits);
      from = last.lastSeq;
    }
    const transcript = transcriptOf(
      commits,
      { after, toSeq },
      policy.maxInputChars,
      this.#options.kernel.definition.transcripts?.partial,
    );
    return { ...transcript, omittedEvents: transcript.omittedEvents + (after - since) };
  }

  async #make(job: Job, policy: SummaryPolicy, attempt: number): Promise<void> {
    const { base, toSeq, transcript, style, reason } = job;
    const input: SummaryInput = {
      style,
      previous: base && { text: base.text, keyTopics: base.keyTopics, actionItems: base.actionItems },
      entries: transcript.entries,
      omittedEvents: transcript.omittedEvents,
      maxTextChars: policy.maxTextChars,
    };
    const { answer, model } = await this.#ask(job, input, policy, attempt);
    // It may have taken long: another log may be in place, or the session may have ended.
    if (this.#options.kernel.committedView.lastSeq < toSeq) return;
    const isLate = reason !== "termination" && this.#hasEnded;
    this.#options.write((writer) => {
      const ref = isLate
        ? `${reason}-${toSeq}`
        : writer.createSummary({
            ...answer,
            base,
            toSeq,
            omittedEvents: transcript.omittedEvents,
            style,
            reason,
            model,
          }).summaryId;
      if (answer.usage) this.#meter(writer, job, model, answer.usage, attempt, ref);
    });
  }

  /** The model's answer; that of the last resort if there is no model, or it has failed too often. */
  async #ask(
    job: Job,
    input: SummaryInput,
    policy: SummaryPolicy,
    attempt: number,
  ): Promise<{ answer: SummarizerAnswer; model: string }> {
    const { report } = this.#options;
    const summarizer = this.#options.summarizer ?? extractiveSummarizer;
    const { model } = summarizer;
    // Nothing has happened since: a model would only say so at length.
    if (input.entries.length === 0) return { answer: extractSummary(input), model: extractiveModel };
    try {
      const answer: unknown = await this.#within(policy.timeoutMs, summarizer.summarize(input, policy));
      assertAnswer(answer);
      return { answer, model };
    } catch (thrown) {
      const usage = usageOfFailure(thrown);
      if (usage)
        this.#options.write((writer) =>
          this.#meter(writer, job, model, usage, attempt, `${job.reason}-${job.toSeq}`),
        );
      if (attempt < policy.attempts) throw thrown;
      report(`The model failed ${attempt} times; the summary is taken from the events`, thrown);
      return { answer: extractSummary(input), model: extractiveModel };
    }
  }

  #meter(writer: Writer, job: Job, model: string, usage: ModelUsage, attempt: number, ref: string): void {
    writer.recordOwnUsage({
      entryId: `summary.${job.reason}.${job.toSeq}.${writer.lastSeq}.${attempt}`,
      kind: "tokens",
      source: "summary",
      model: model.slice(0, 128),
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      costMicros: usage.costMicros,
      ref,
    });
  }

  async #within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = this.#options.clock.wait(timeoutMs, done.signal).then((): never => {
      throw new SessileError("unavailable", `The model gave no answer within ${timeoutMs} ms.`);
    });
    // Whichever loses is left to itself; its rejection must not be an unhandled one.
    for (const one of [answer, late]) one.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } finally {
      // A wait that goes on would keep the instance awake.
      done.abort();
    }
  }
}
