import type { ModelMessage } from "ai";
import { lastTurn, promptOf, type Said } from "./transcript.ts";

/**
 * The prompt of a conversation that grows. What lies before its last answer or question stays as it is, so a step costs the same
 * however long the conversation has become, but for what the model is sent.
 */
export class GrowingPrompt {
  readonly #settled: ModelMessage[] = [];
  #upTo = 0;

  /** How many of the messages stay as they are. */
  get settled(): number {
    return this.#settled.length;
  }

  /** Of all that was said. */
  of(said: readonly Said[]): ModelMessage[] {
    this.#settle(said);
    return [...this.#settled, ...promptOf(said, this.#upTo)];
  }

  /** Of what led to the last answer. */
  beforeLastTurn(said: readonly Said[]): ModelMessage[] {
    this.#settle(said);
    return [...this.#settled];
  }

  #settle(said: readonly Said[]): void {
    const end = Math.max(lastTurn(said), this.#upTo);
    for (const message of promptOf(said, this.#upTo, end)) this.#settled.push(message);
    this.#upTo = end;
  }
}
