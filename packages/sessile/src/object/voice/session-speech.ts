import type { VoiceHost } from "./voice-host.ts";

/** The session's own voice. */
export class SessionSpeech {
  readonly #voice: () => VoiceHost;

  constructor(voice: () => VoiceHost) {
    this.#voice = voice;
  }

  /**
   * Appends the text as a final transcript of the session's own, and says it to whoever is in the call, after what is being said
   * already. For async methods, timers and work: in a synchronous method nobody knows yet whether it will have been said.
   *
   * @returns whether it was heard to its end; the text is in the log in any case
   */
  say(text: string): Promise<boolean> {
    return this.#voice().say(text);
  }

  /** Says no more of what it is saying, and nothing that waits. */
  stop(): void {
    this.#voice().stopSpeaking();
  }
}
