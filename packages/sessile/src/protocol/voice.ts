import type { WireError } from "./error.ts";
import type { Actor } from "./event.ts";

/** Who is in the room, and by which track a frame tells that it is theirs. */
export interface VoiceParticipant {
  readonly track: number;
  readonly peerId: string;
  readonly actor: Actor;
}

/** What helps a conversation along, and may fail without ending it. */
export type VoiceService = "transcription" | "speech";

/** Something a participant should know: they may not join, their audio is dropped, or a service fails and text goes on. */
export interface VoiceNotice {
  readonly about: "room" | "audio" | VoiceService;
  readonly error: WireError;
}

/** How the room is now for the one who gets this: after each change, and with every notice. */
export interface VoiceFrame {
  readonly t: "voice";
  /** One's own; null: not in the room. */
  readonly track: number | null;
  /** Milliseconds since 1970: what offsets count from. Null: not in the room, or nobody in it may talk yet. */
  readonly startedAt: number | null;
  readonly participants: readonly VoiceParticipant[];
  readonly notice?: VoiceNotice;
}

/** What was said. Whose words they are is the event's actor; null is the session itself. */
export type Transcript = {
  /** Shared by the partial transcripts of an utterance and the final one that takes their place. */
  readonly utteranceId: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  /** Milliseconds from the beginning of the call to that of the utterance; null: there was no call. */
  readonly offsetMs: number | null;
  /** Null: not known. */
  readonly durationMs: number | null;
};

/** What a transcriber has understood so far of one utterance. */
export interface HeardUtterance {
  /** Counted by the transcriber. */
  readonly utterance: number;
  readonly text: string;
  /** Milliseconds of the audio it was given, from its first sample. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface TranscriptionListener {
  readonly speaker: Actor;
  /** The utterance so far: it takes the place of what was heard of it before. */
  onPartial(heard: HeardUtterance): void;
  onFinal(heard: HeardUtterance): void;
  /** It is over. What was heard last of an open utterance stands. */
  onFailure(reason: unknown): void;
}

/** One speaker's transcription under way. */
export interface Transcription {
  /** 16 kHz mono 16-bit PCM. */
  write(pcm: Uint8Array): void;
  /** No more audio. Resolves when nothing more will be heard. */
  close(): void | Promise<void>;
}

/** Turns speech into text. `sessile/voice` has one on Workers AI. */
export interface Transcriber {
  /** @throws (or rejects) if it cannot */
  open(listener: TranscriptionListener): Transcription | Promise<Transcription>;
}

/** Turns text into speech. `sessile/voice` has one on Workers AI. */
export interface Synthesizer {
  /** 16 kHz mono 16-bit PCM, in pieces of any size. */
  synthesize(text: string): AsyncIterable<Uint8Array>;
}
