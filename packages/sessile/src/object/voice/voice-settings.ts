import type { TranscriptEvents } from "../../kernel/index.ts";
import { assertUserEventType } from "../../protocol/ids.ts";
import type { Synthesizer, Transcriber } from "../../protocol/voice.ts";

/** How people talk in a kind's sessions. */
export interface VoiceSettings {
  /** Absent: audio is relayed, and nothing of it is kept. */
  readonly transcriber?: Transcriber | null;
  /** Absent: what the session says is text only. */
  readonly synthesizer?: Synthesizer | null;
  /** Milliseconds between two partial transcripts of one speaker, at least; null: only final ones. Default 500. */
  readonly partialMs?: number | null;
  /** Milliseconds without audio after which a speaker's transcriber is closed, so that the session can sleep. Default 5000. */
  readonly quietMs?: number;
  /** Milliseconds a transcriber has to open, and a synthesizer to give its next piece. Default 10,000. */
  readonly timeoutMs?: number;
  /** Milliseconds after a failure in which no transcriber is opened. Default 10,000. */
  readonly retryMs?: number;
  /** Default `transcript.partial`. */
  readonly partialEvent?: string;
  /** Default `transcript.final`. */
  readonly finalEvent?: string;
}

export type VoiceTiming = Required<Pick<VoiceSettings, "partialMs" | "quietMs" | "timeoutMs" | "retryMs">>;

export function voiceTimingOf(settings: VoiceSettings): VoiceTiming {
  const { partialMs = 500, quietMs = 5000, timeoutMs = 10_000, retryMs = 10_000 } = settings;
  return { partialMs, quietMs, timeoutMs, retryMs };
}

/** @throws SessileError `bad_request` for names that no event of the kind's may have */
export function transcriptEventsOf(settings: VoiceSettings): TranscriptEvents {
  const { partialEvent: partial = "transcript.partial", finalEvent: final = "transcript.final" } = settings;
  for (const type of [partial, final]) assertUserEventType(type);
  return { partial, final };
}
