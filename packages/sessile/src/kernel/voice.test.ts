import { expect, test } from "vitest";
import type { Transcript } from "../protocol/voice.ts";
import { ada, KernelFixture } from "../testing/kernel-fixture.ts";

const transcripts = { partial: "heard", final: "said" };
const said: Transcript = { utteranceId: "u", role: "user", text: "hello", offsetMs: 5, durationMs: 10 };

test("VO11 transcripts are the speaker's events under the kind's names, cut to their bound", () => {
  const fixture = new KernelFixture({ transcripts });
  const write = (text: string, isFinal: boolean) =>
    fixture.kernel.write(ada, fixture.now, (writer) => writer.writeTranscript({ ...said, text }, isFinal));
  write("hello", false);
  write(`${"x".repeat(15_999)}\u{1F600}y`, true);
  expect(fixture.events(2)).toMatchObject([
    { type: "heard", actor: ada, payload: said },
    { type: "said", actor: ada, payload: { ...said, text: `${"x".repeat(15_999)}\ufffd` } },
  ]);
  const silent = new KernelFixture();
  expect(() => silent.kernel.write(ada, 1, (writer) => writer.writeTranscript(said, true))).toThrow(
    "no voice",
  );
});

test("VO11 clients neither append nor draft transcripts", () => {
  const fixture = new KernelFixture({ transcripts });
  const forbidden = { ok: false, error: { code: "forbidden", details: { field: "type" } } };
  expect(fixture.append("a", null, "said")).toMatchObject(forbidden);
  expect(fixture.one({ op: "saveDraft", draftId: "d", type: "heard", payload: null })).toMatchObject(
    forbidden,
  );
  expect(fixture.append("b", null, "message")).toMatchObject({ ok: true });
  expect(new KernelFixture().append("c", null, "said")).toMatchObject({ ok: true });
});

test("VO12 VO4 a call begins with an event at the time that offsets count from, and only in an active session", () => {
  const fixture = new KernelFixture({ transcripts });
  const { kernel } = fixture;
  const { value } = kernel.write(ada, fixture.now + 7, (writer) => writer.startVoice());
  expect(value).toBe(fixture.now + 7);
  const [commit] = kernel.readAfter(2).commits;
  expect(JSON.parse(commit?.body ?? "")).toMatchObject({
    at: value,
    actors: [ada],
    events: [{ type: "voice.started", payload: { sampleRate: 16_000 } }],
  });
  kernel.write(null, fixture.now + 8, (writer) => writer.setLifecycle("paused"));
  expect(() => kernel.write(ada, fixture.now + 9, (writer) => writer.startVoice())).toThrow("paused");
});
