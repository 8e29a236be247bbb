import { audioSampleRate } from "../protocol/audio-frame.ts";
import { SessileError } from "../protocol/error.ts";
import type { Transcript } from "../protocol/voice.ts";
import type { Batch } from "./batch.ts";
import type { KindDefinition } from "./definition.ts";

/** One utterance is far shorter; what a transcriber says is not trusted to be. */
const maxTranscriptChars = 16_000;

/** Somebody joined an empty room. @returns milliseconds since 1970 that offsets count from */
export function startVoice(batch: Batch): number {
  const { lifecycle } = batch.view;
  if (lifecycle !== "active")
    throw new SessileError("not_writable", `Nobody can talk in this session: it is ${lifecycle}.`, {
      current: lifecycle,
    });
  batch.emitSystem("voice.started", { sampleRate: audioSampleRate });
  return batch.at;
}

/** What somebody, or with a null actor the session itself, was understood to say. */
export function writeTranscript(
  batch: Batch,
  { transcripts: types }: KindDefinition,
  transcript: Transcript,
  isFinal: boolean,
): number {
  if (!types) throw new SessileError("rejected", "This kind of session has no voice.");
  const text = transcript.text.slice(0, maxTranscriptChars).replace(/\p{Surrogate}/gu, "\ufffd");
  return batch.emit(isFinal ? types.final : types.partial, { ...transcript, text });
}
