import { until } from "../../src/node/server/fixtures/processes.ts";
import {
  type AudioFrame,
  decodeAudioFrame,
  defaultLimits,
  encodeAudioFrame,
  type SessionEvent,
  type VoiceFrame,
} from "../../src/protocol/index.ts";
import { RawSocket } from "./raw-socket.ts";

/** A peer that speaks the voice protocol by hand. */
export class Talker {
  readonly raw: RawSocket;
  readonly audio: AudioFrame[] = [];
  #sequence = 0;

  private constructor(raw: RawSocket) {
    this.raw = raw;
    raw.socket.on("message", (data, isBinary) => {
      if (isBinary) this.audio.push(decodeAudioFrame(data as Buffer, defaultLimits));
    });
  }

  static async open(url: string, user: string | null): Promise<Talker> {
    const headers: Record<string, string> = user === null ? {} : { "x-test-user": user };
    const talker = new Talker(await RawSocket.open(url, { headers }));
    await talker.raw.greet();
    return talker;
  }

  join(): Promise<VoiceFrame> {
    this.raw.send({ t: "voice", join: true });
    return this.raw.next("voice");
  }

  /** @returns what was sent */
  talk(pcm: Uint8Array = sound(100)): Uint8Array {
    this.#sequence += 1;
    // Lies about whose it is and when it was said.
    const frame = { track: 999, sequence: this.#sequence, offsetMs: 12_345_678, pcm };
    this.raw.socket.send(encodeAudioFrame(frame));
    return pcm;
  }

  async hears(count: number): Promise<AudioFrame[]> {
    await until(() => this.audio.length >= count);
    return this.audio;
  }

  notice(about: string): Promise<VoiceFrame> {
    return this.raw.next("voice", ({ notice }) => notice?.about === about);
  }

  event(type: string, fits: (event: SessionEvent) => boolean = () => true): Promise<SessionEvent> {
    return this.raw.event((event) => event.type === type && fits(event));
  }

  close(): Promise<unknown> {
    return this.raw.close();
  }
}

let seed = 1;
/** Milliseconds of samples that no other test and no text has. */
export function sound(ms: number): Uint8Array {
  return Uint8Array.from({ length: ms * 32 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed >>> 24;
  });
}
