import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCutter, cutFrameMs } from "./audio-cutter.ts";
import {
  type AudioFrame,
  audioBytesPerMs,
  decodeAudioFrame,
  encodeAudioFrame,
  stampAudioFrame,
} from "./audio-frame.ts";
import { SessileError } from "./error.ts";
import { defaultLimits } from "./limits.ts";

const pcm = (samples: number): Uint8Array =>
  Uint8Array.from({ length: samples * 2 }, (_, at) => (at * 31) % 251);
const frames = fc.record({
  track: fc.integer({ min: 0, max: 0xffff }),
  sequence: fc.integer({ min: 0, max: 0xffffffff }),
  offsetMs: fc.integer({ min: 0, max: 0xffffffff }),
  pcm: fc.integer({ min: 1600, max: 8000 }).map(pcm),
});

function refusal(bytes: Uint8Array): unknown {
  try {
    return decodeAudioFrame(bytes, defaultLimits);
  } catch (thrown) {
    if (thrown instanceof SessileError) return { code: thrown.code, ...thrown.details };
    throw thrown;
  }
}

describe("frames", () => {
  test("VO1 a frame reads back as it was written, wherever its bytes lie", () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 0, max: 40 }), (frame: AudioFrame, shift) => {
        const encoded = encodeAudioFrame(frame);
        expect(encoded.byteLength).toBe(16 + frame.pcm.byteLength);
        const elsewhere = new Uint8Array(encoded.byteLength + shift + 3);
        elsewhere.set(encoded, shift);
        const bytes = elsewhere.subarray(shift, shift + encoded.byteLength);
        expect(decodeAudioFrame(bytes, defaultLimits)).toEqual(frame);
      }),
    );
  });

  test("VO1 the header is little-endian: version, flags, track, sequence, offset, nothing", () => {
    const encoded = encodeAudioFrame({
      track: 0x0102,
      sequence: 0x03040506,
      offsetMs: 0x0708090a,
      pcm: pcm(1600),
    });
    expect([...encoded.subarray(0, 18)]).toEqual([1, 0, 2, 1, 6, 5, 4, 3, 10, 9, 8, 7, 0, 0, 0, 0, 0, 31]);
  });

  test("VO1 stamping changes track and offset, and nothing else", () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 0, max: 0xffff }), (frame: AudioFrame, track) => {
        const encoded = encodeAudioFrame(frame);
        stampAudioFrame(encoded, { track, offsetMs: 77 });
        expect(decodeAudioFrame(encoded, defaultLimits)).toEqual({ ...frame, track, offsetMs: 77 });
      }),
    );
  });

  test("VO2 any bytes are a frame or a typed refusal, and only a frame of the right form is taken", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.boolean(), (bytes, isVersioned) => {
        if (isVersioned && bytes.length > 0) bytes[0] = 1;
        const read = refusal(bytes) as { code?: string; pcm?: Uint8Array };
        if (read.pcm === undefined) expect(["bad_request", "limit_exceeded"]).toContain(read.code);
        else {
          expect(read.pcm.byteLength).toBe(bytes.byteLength - 16);
          expect([bytes[0], bytes[1], ...bytes.subarray(12, 16)]).toEqual([1, 0, 0, 0, 0, 0]);
        }
      }),
    );
  });

  test("VO2 what is no frame, has half a sample, or is shorter or longer than allowed is refused by name", () => {
    const good = (samples: number) =>
      encodeAudioFrame({ track: 1, sequence: 1, offsetMs: 0, pcm: pcm(samples) });
    const withByte = (at: number, value: number) => {
      const frame = good(1600);
      frame[at] = value;
      return frame;
    };
    expect(refusal(new Uint8Array(15))).toEqual({ code: "bad_request", field: "audio.header" });
    expect(refusal(withByte(0, 2))).toEqual({ code: "bad_request", field: "audio.version" });
    expect(refusal(withByte(1, 1))).toEqual({ code: "bad_request", field: "audio.flags" });
    expect(refusal(withByte(15, 1))).toEqual({ code: "bad_request", field: "audio.reserved" });
    expect(refusal(good(1600).subarray(0, 3215))).toEqual({ code: "bad_request", field: "audio.pcm" });
    expect(refusal(good(1599))).toMatchObject({ code: "limit_exceeded", limit: "minAudioFrameMs" });
    expect(refusal(good(1600))).toMatchObject({ track: 1 });
    expect(refusal(good(8000))).toMatchObject({ track: 1 });
    expect(refusal(good(8001))).toMatchObject({ code: "limit_exceeded", limit: "maxAudioFrameMs" });
  });
});

test("VO1 pieces of any size become frames of one size, byte for byte, and silence fills the last", () => {
  const frameBytes = cutFrameMs * audioBytesPerMs;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 20 }), (sizes) => {
      const whole = pcm(sizes.reduce((sum, size) => sum + size, 0) / 2 + 1);
      const cutter = new AudioCutter();
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const size of sizes) {
        pieces.push(...cutter.push(whole.subarray(at, at + size)));
        at += size;
      }
      const rest = cutter.flush();
      if (rest) pieces.push(rest);
      expect(cutter.flush()).toBeNull();
      expect(pieces.every(({ byteLength }) => byteLength === frameBytes)).toBe(true);
      expect(pieces.length).toBe(Math.ceil(at / frameBytes));
      const joined = Buffer.concat(pieces);
      expect(joined.subarray(0, at).equals(whole.subarray(0, at))).toBe(true);
      expect(joined.subarray(at).every((byte) => byte === 0)).toBe(true);
    }),
  );
});
