import { SessileError } from "./error.ts";
import type { Limits } from "./limits.ts";

/** Audio is mono PCM of signed 16-bit samples, little-endian, at this rate in Hz. */
export const audioSampleRate = 16_000;
export const audioBytesPerMs = (audioSampleRate * 2) / 1000;
/** Track of what the session itself says; participants have tracks from 1 on. */
export const sessionTrack = 0;

const version = 1;
const headerBytes = 16;

/**
 * One stretch of audio as a binary frame: a header of 16 bytes, little-endian, and samples.
 *
 *     0 version u8 · 1 flags u8 (0) · 2 track u16 · 4 sequence u32 · 8 offsetMs u32 · 12 reserved u32 (0) · 16 samples
 */
export interface AudioFrame {
  /** Whose audio it is; the server writes it. */
  readonly track: number;
  /** Counted by the sender, so that a listener sees what is missing. */
  readonly sequence: number;
  /** Milliseconds since the call began; the server writes it. */
  readonly offsetMs: number;
  readonly pcm: Uint8Array;
}

/** What one frame may hold. */
export type AudioBounds = Pick<Limits, "minAudioFrameMs" | "maxAudioFrameMs">;

export function encodeAudioFrame({ track, sequence, offsetMs, pcm }: AudioFrame): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes + pcm.byteLength);
  const header = new DataView(bytes.buffer);
  header.setUint8(0, version);
  header.setUint32(4, sequence, true);
  stampAudioFrame(bytes, { track, offsetMs });
  bytes.set(pcm, headerBytes);
  return bytes;
}

/** Writes track and offset into an encoded frame, in place. */
export function stampAudioFrame(
  frame: Uint8Array,
  { track, offsetMs }: Pick<AudioFrame, "track" | "offsetMs">,
): void {
  const header = new DataView(frame.buffer, frame.byteOffset, headerBytes);
  header.setUint16(2, track, true);
  header.setUint32(8, offsetMs, true);
}

/**
 * The frame in these bytes; its samples are a view of them.
 *
 * @throws SessileError `bad_request` naming the field, `limit_exceeded` naming the limit
 */
export function decodeAudioFrame(bytes: Uint8Array, bounds: AudioBounds): AudioFrame {
  const pcmBytes = bytes.byteLength - headerBytes;
  if (pcmBytes < 0) throw malformed("header", `An audio frame begins with a header of ${headerBytes} bytes.`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.getUint8(0) !== version)
    throw malformed("version", `This session takes audio frames of version ${version}.`);
  if (header.getUint8(1) !== 0) throw malformed("flags", "An audio frame has no flags.");
  if (header.getUint32(12, true) !== 0) throw malformed("reserved", "The reserved bytes are 0.");
  if (pcmBytes % 2 !== 0) throw malformed("pcm", "A sample has two bytes.");
  if (pcmBytes < bounds.minAudioFrameMs * audioBytesPerMs)
    throw outOfBounds("minAudioFrameMs", `at least ${bounds.minAudioFrameMs}`);
  if (pcmBytes > bounds.maxAudioFrameMs * audioBytesPerMs)
    throw outOfBounds("maxAudioFrameMs", `at most ${bounds.maxAudioFrameMs}`);
  return {
    track: header.getUint16(2, true),
    sequence: header.getUint32(4, true),
    offsetMs: header.getUint32(8, true),
    pcm: bytes.subarray(headerBytes),
  };
}

function malformed(field: string, message: string): SessileError {
  return new SessileError("bad_request", message, { field: `audio.${field}` });
}

function outOfBounds(limit: keyof AudioBounds, ms: string): SessileError {
  return new SessileError("limit_exceeded", `An audio frame holds ${ms} ms of 16 kHz mono PCM.`, {
    field: "audio.pcm",
    limit,
  });
}
