import type { Clock } from "../../object/clock.ts";
import { type Summarizer, SummarizerFailure, type SummaryInput } from "../../protocol/summary.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** What a model was told, and said of it. */
export interface ModelAnswer {
  /** The summary before, as it was shown to it. */
  readonly previous: string | null;
  readonly seqs: readonly number[];
}

/** A model that takes its time, fails, and answers too late. What it says is never the same twice. */
export class SimulatedSummarizer implements Summarizer {
  static readonly model = "scripted";
  readonly model = SimulatedSummarizer.model;
  readonly #world: World;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(world: World, clock: Clock, random: Random) {
    this.#world = world;
    this.#clock = clock;
    this.#random = random;
  }

  async summarize({ previous, entries }: SummaryInput, { timeoutMs }: { readonly timeoutMs: number }) {
    const usage = { inputTokens: entries.length, outputTokens: 1, costMicros: null };
    const { failure } = this.#world.trouble;
    await this.#clock.wait(this.#random.between(0, this.#random.chance(failure) ? 2 * timeoutMs : 3000));
    if (this.#random.chance(failure))
      throw new SummarizerFailure(
        "The model does not feel like it.",
        this.#random.chance(0.5) ? usage : null,
      );
    const text = `Summary ${this.#world.summaries.size}.`;
    this.#world.summaries.set(text, {
      previous: previous?.text ?? null,
      seqs: entries.map(({ seq }) => seq),
    });
    return { text, keyTopics: [], actionItems: [], usage };
  }
}
