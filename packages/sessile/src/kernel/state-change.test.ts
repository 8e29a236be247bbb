import { describe, expect, test } from "vitest";
import type { Json } from "../protocol/json.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { emptyView, foldCommit, type SessionView } from "../protocol/view.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";

const messages = (count: number): Json[] =>
  Array.from({ length: count }, (_, id) => ({ id, text: `message ${id}` }));

function changes(fixture: KernelFixture): Json[] {
  return fixture
    .commits()
    .flatMap(({ events }) =>
      events.filter(({ type }) => type === "state.changed").map(({ payload }) => payload as Json),
    );
}

describe("changes of the state", () => {
  test("ST23 a change is kept as the smaller of a patch and the whole, and the fold gives the state either way", () => {
    const fixture = new KernelFixture();
    const set = (state: Json) => fixture.kernel.write(null, fixture.now, (writer) => writer.setState(state));
    set({ messages: messages(200), title: "a" });
    const { state, version } = fixture.kernel.view as SessionView<{
      messages: Json[];
      title: string;
    }>;
    set({ ...state, title: "ab" });
    set({ ...state, messages: messages(20) });
    set({ other: "everything else" });
    expect(changes(fixture).slice(1)).toEqual([
      { base: version, patch: [["+", ["title"], 1, "b"]] },
      {
        base: version + 1,
        patch: [
          ["~", ["messages"], 20, 180, []],
          ["=", ["title"], "a"],
        ],
      },
      { state: { other: "everything else" } },
    ]);
    const folded = fixture.commits().reduce(foldCommit, emptyView("test", "one"));
    expect(JSON.stringify(folded)).toBe(JSON.stringify(fixture.kernel.view));
  });

  test("ST24 changes of one command that follow each other are one event, from the state before to the last", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(null, fixture.now, (writer) => {
      for (let n = 1; n <= 100; n++) writer.setState({ n, same: "text that stays" });
    });
    expect(changes(fixture)).toHaveLength(1);
    expect(fixture.kernel.view.state).toEqual({ n: 100, same: "text that stays" });
    expect(fixture.kernel.view.version).toBe(fixture.kernel.view.lastSeq);
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.setState({ n: 1 });
      writer.append("note.added", null);
      writer.setState({ n: 2 });
    });
    expect(changes(fixture)).toHaveLength(3);
    expect(fixture.wake().view.state).toEqual({ n: 2 });
  });

  test("ST24 the changes of two commands of one commit stay two", () => {
    const fixture = new KernelFixture();
    fixture.send([
      { op: "setState", state: { n: 1 }, id: "a" },
      { op: "setState", state: { n: 2 }, id: "b" },
    ]);
    expect(changes(fixture)).toHaveLength(2);
  });

  test("ST25 now and then a change carries the sum of the state after it, and a fold that differs is refused", () => {
    const fixture = new KernelFixture();
    for (let n = 0; n < 200; n++) fixture.one({ op: "setState", state: { n, pad: "x".repeat(300) } });
    const summed = fixture.commits().filter(({ events }) => "sum" in ((events[0]?.payload ?? {}) as object));
    expect(summed.length).toBeGreaterThan(1);
    const before = { ...emptyView("test", "one"), state: { n: 0, pad: "y" } };
    const [first] = summed as [(typeof summed)[0]];
    const [{ payload }] = first.events as unknown as [{ payload: { base: number } }];
    const view = { ...before, lastSeq: first.firstSeq - 1, version: payload.base };
    expect(() => foldCommit(view, first)).toThrow(expect.objectContaining({ name: "StateMismatch" }));
  });

  test("ST26 a small change of a large state is judged by the change, and the ceiling still holds", () => {
    const fixture = new KernelFixture({ limits: { ...defaultLimits, maxStateChars: 2000 } });
    let accepted = 0;
    for (let n = 1; n <= 200; n++) {
      const { outcomes } = fixture.send([
        { op: "setState", state: { pad: "x".repeat(1000), log: "y".repeat(n * 10) } },
      ]);
      if (outcomes[0]?.ok) accepted = n;
    }
    const text = JSON.stringify(fixture.kernel.view.state);
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text.length).toBeGreaterThan(1980);
    expect(accepted).toBe(98);
  });
});
