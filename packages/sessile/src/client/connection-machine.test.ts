import { describe, expect, test } from "vitest";
import { type Commit, deepFreeze, emptyView, type ServerFrame } from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import { step } from "./connection-machine.ts";
import { type ConnectionState, type Effect, type Input, idle } from "./connection-state.ts";

/** Feeds inputs to the machine and keeps what it asked for last. */
class Bench {
  state: ConnectionState = idle({ history: 5, events: true, online: true });
  now = 1_000_000;
  jitter = 0.5;
  effects: readonly Effect[] = [];

  give(input: Input): this {
    const { state, effects } = step(deepFreeze(this.state), input, this.now, this.jitter);
    expect(step(this.state, input, this.now, this.jitter)).toEqual({ state, effects });
    this.state = state;
    this.effects = effects;
    return this;
  }

  frame(frame: ServerFrame | object): this {
    return this.text(JSON.stringify(frame));
  }

  text(text: string): this {
    return this.give({ is: "text", socket: this.state.socket, text });
  }

  lose(code = 1006): this {
    return this.give({ is: "closed", socket: this.state.socket, code, reason: "" });
  }

  /** Lets time pass and the timer run, as the driver would. */
  pass(ms: number): this {
    const until = this.now + ms;
    while (this.state.timerAt !== null && this.state.timerAt <= until) {
      this.now = Math.max(this.now, this.state.timerAt);
      this.give({ is: "timer" });
    }
    this.now = until;
    return this;
  }

  greet(): this {
    return this.give({ is: "start" }).give({ is: "opened", socket: this.state.socket });
  }

  live(lastSeq = 3): this {
    const view = { ...emptyView("note", "n1"), lastSeq, createdAt: 7 };
    this.greet().frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq, view });
    return this.frame({ t: "events", commits: [], more: false });
  }

  again(): this {
    this.lose().pass(20_000);
    return this.give({ is: "opened", socket: this.state.socket });
  }

  get sent(): string[] {
    return this.effects.flatMap((effect) => (effect.do === "sendText" ? [effect.text] : []));
  }

  get applied(): [number, number][] {
    return this.effects.flatMap((effect) =>
      effect.do === "applyCommit" ? [[effect.commit.firstSeq, effect.after]] : [],
    ) as [number, number][];
  }

  kinds(): string[] {
    return this.effects.map((effect) => effect.do);
  }
}

function commit(firstSeq: number, count = 1): Commit {
  return {
    firstSeq,
    at: 1,
    actors: [],
    events: Array.from({ length: count }, () => ({ type: "note.added" })),
  };
}

describe("following the log", () => {
  test("CL1 the first frame is hello; the next connection resumes after the last event", () => {
    const bench = new Bench().greet();
    expect(bench.sent).toEqual(['{"t":"hello","v":1,"history":5,"short":true}']);
    expect(new Bench().live(3).again().sent).toEqual([
      '{"t":"hello","v":1,"history":5,"after":3,"short":true}',
    ]);
  });

  test("CL2 commits are taken in order; a repeat falls away and a partly old one is cut", () => {
    const bench = new Bench().live(3).frame({ t: "commit", commit: commit(4, 2) });
    expect(bench.applied).toEqual([[4, 3]]);
    expect(bench.frame({ t: "commit", commit: commit(4, 2) }).applied).toEqual([]);
    expect(bench.frame({ t: "commit", commit: commit(5, 3) }).applied).toEqual([[5, 5]]);
    expect(bench.state.progress.cursor).toBe(7);
  });

  test("CL3 a gap is not taken in but asked for, once", () => {
    const bench = new Bench().live(3).frame({ t: "commit", commit: commit(6) });
    expect(bench.applied).toEqual([]);
    expect(bench.sent).toEqual(['{"t":"pull","after":3}']);
    expect(bench.frame({ t: "commit", commit: commit(7) }).sent).toEqual([]);
    bench.frame({ t: "events", commits: [commit(4), commit(5, 3)], more: false });
    expect(bench.applied).toEqual([
      [4, 3],
      [5, 4],
    ]);
    expect(bench.state.at).toBe("live");
  });

  test("CL3 an answer that comes with a gap still counts", () => {
    const bench = new Bench().live(3).frame({ t: "commit", commit: commit(6), acks: [{ id: "a", seq: 6 }] });
    expect(bench.kinds()).toContain("settleAcks");
  });

  test("CL4 the next page is asked for before this one is taken in; the last page makes it live", () => {
    const bench = new Bench()
      .live(3)
      .again()
      .frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 9 });
    bench.frame({ t: "events", commits: [commit(4, 3)], more: true });
    expect(bench.kinds()).toEqual(["sendText", "applyCommit"]);
    expect(bench.sent).toEqual(['{"t":"pull","after":6}']);
    expect(bench.state.at).toBe("catchingUp");
    expect(bench.frame({ t: "events", commits: [commit(7, 3)], more: false }).state.at).toBe("live");
  });

  test("CL4 a last page that ends before what the server is known to have is not the end", () => {
    const bench = new Bench()
      .live(3)
      .again()
      .frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 9 });
    bench.frame({ t: "events", commits: [commit(4, 3)], more: false });
    expect(bench.state.at).toBe("catchingUp");
    expect(bench.sent).toEqual(['{"t":"pull","after":6}']);
  });

  test("CL6 a server that has less than we do, or another session, is followed from the start", () => {
    for (const welcome of [{ lastSeq: 2 }, { lastSeq: 90, createdAt: 8 }]) {
      const bench = new Bench()
        .live(3)
        .again()
        .frame({ t: "welcome", v: 1, peerId: "p", actor: null, ...welcome });
      expect(bench.kinds()).toEqual(
        ["reset", "closeSocket", "detach", "openSocket", "setTimer"].slice(0, bench.effects.length),
      );
      expect(bench.state).toMatchObject({ at: "connecting", progress: { cursor: null } });
    }
    const same = new Bench().live(3).again();
    expect(
      same.frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 3, createdAt: 7 }).state.at,
    ).toBe("catchingUp");
  });

  test("CL6 a view in answer to a resume replaces what was known", () => {
    const view = { ...emptyView("note", "n1"), lastSeq: 1, createdAt: 9 };
    const bench = new Bench()
      .live(3)
      .again()
      .frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 1, view });
    expect(bench.kinds().slice(0, 2)).toEqual(["reset", "adoptView"]);
    expect(bench.state.progress).toEqual({
      cursor: null,
      historySeq: 0,
      viewSeq: 1,
      knownSeq: 1,
      createdAt: 9,
    });
  });

  test("CL7 pages that never lead on end in a wait and a fresh start, not in a loop", () => {
    const bench = new Bench().live(3).frame({ t: "behind", lastSeq: 9 });
    let pages = 0;
    while (bench.state.at === "catchingUp" && pages < 20) {
      bench.frame({ t: "events", commits: [commit(8, 2)], more: false });
      pages += 1;
    }
    expect(pages).toBeLessThan(6);
    expect(bench.state).toMatchObject({ at: "waiting", progress: { cursor: null } });
    expect(bench.kinds()).toContain("reset");
  });

  test("CL8 a page that does not come is asked for again, and a server that does not welcome is left", () => {
    const bench = new Bench().live(3).frame({ t: "behind", lastSeq: 9 });
    bench.now = bench.state.timerAt ?? 0;
    expect(bench.give({ is: "timer" }).sent).toContain('{"t":"pull","after":3}');
    const view = { ...emptyView("note", "n1"), lastSeq: 9, createdAt: 7 };
    const first = new Bench()
      .greet()
      .frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 9, view });
    expect(first.pass(12_000).sent).toContain('{"t":"pull","after":4}');
    expect(first.frame({ t: "events", commits: [commit(5, 5)], more: false }).applied).toEqual([[5, 0]]);
    expect(first.state.at).toBe("live");
    const snapshot = { snapshotId: "s", fromSeq: 1, toSeq: 9, headHash: "", createdAt: 7 };
    const sealed = new Bench()
      .greet()
      .frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 12, view, snapshot } as never);
    expect(sealed.pass(12_000).sent).toContain('{"t":"pull","after":9}');
    const greeting = new Bench().greet().pass(14_999);
    expect(greeting.state.at).toBe("greeting");
    expect(greeting.pass(1).state.at).toBe("waiting");
  });

  test("CL9 what is unknown or malformed is ignored, as is what comes before the welcome or from an older socket", () => {
    const bench = new Bench().live(3);
    for (const text of [
      "{",
      "7",
      "null",
      '{"t":"confetti"}',
      '{"t":"events","commits":[{}],"more":false}',
      '{"t":"commit","commit":{"firstSeq":4,"events":[]}}',
    ]) {
      expect(bench.text(text).effects).toEqual([]);
    }
    expect(
      bench.give({ is: "text", socket: bench.state.socket - 1, text: '{"t":"behind","lastSeq":9}' }).effects,
    ).toEqual([]);
    expect(bench.state.at).toBe("live");
    expect(new Bench().greet().frame({ t: "commit", commit: commit(1) }).applied).toEqual([]);
  });
});

describe("staying connected", () => {
  test("CL10 12 s of silence bring a ping, 30 s the end", () => {
    const bench = new Bench().live().pass(12_000);
    expect(bench.sent).toEqual(["ping"]);
    expect(bench.pass(17_999).state.at).toBe("live");
    expect(bench.pass(1).kinds()).toEqual(["closeSocket", "detach", "setTimer"]);
    expect(bench.state.at).toBe("waiting");
    const answered = new Bench().live().pass(12_000).text("pong").pass(18_000);
    expect(answered.state.at).toBe("live");
  });

  test("CL10 a timer that comes late, as in a sleeping page, asks before it gives up", () => {
    const bench = new Bench().live();
    bench.now += 3_600_000;
    expect(bench.give({ is: "timer" }).sent).toEqual(["ping"]);
    expect(bench.state.at).toBe("live");
  });

  test("CL11 waits double to 15 s under full jitter, and begin again after 10 s of a good connection", () => {
    expect([0, 1, 2, 5, 6, 7, 50].map((failures) => backoffMs(failures, 1))).toEqual([
      250, 500, 1_000, 8_000, 15_000, 15_000, 15_000,
    ]);
    expect(backoffMs(3, 0)).toBe(0);
    expect(backoffMs(3, 0.5)).toBe(1_000);
    const bench = new Bench().give({ is: "start" });
    for (const wait of [125, 250, 500, 1_000]) {
      bench.lose();
      expect(bench.state).toMatchObject({ at: "waiting", until: bench.now + wait });
      bench.pass(wait);
      expect(bench.state.at).toBe("connecting");
    }
    const short = new Bench().live().lose().pass(125).give({ is: "opened", socket: 2 });
    expect(
      short.frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 3 }).pass(9_999).lose().state,
    ).toMatchObject({ failures: 2 });
    const long = new Bench().live().lose().pass(125).give({ is: "opened", socket: 2 });
    expect(
      long.frame({ t: "welcome", v: 1, peerId: "p", actor: null, lastSeq: 3 }).pass(10_000).lose().state,
    ).toMatchObject({ failures: 1 });
  });

  test("CL12 the wait that the server asks for is kept, and more", () => {
    const bench = new Bench()
      .live()
      .frame({ t: "error", error: { code: "overloaded", message: "busy", retryAfterMs: 4_000 } });
    expect(bench.effects).toMatchObject([{ do: "reportError", error: { code: "overloaded" } }]);
    expect(bench.lose(1012).state).toMatchObject({ at: "waiting", until: bench.now + 4_125 });
  });

  test("CL13 a terminal close code ends it with a typed reason; others do not", () => {
    for (const [code, error] of Object.entries({
      1008: "forbidden",
      4400: "bad_request",
      4401: "unauthenticated",
      4404: "not_found",
      4999: "rejected",
    })) {
      const bench = new Bench().live().lose(Number(code));
      expect(bench.state).toMatchObject({
        at: "closed",
        reason: { kind: "refused", code: Number(code), error: { code: error } },
      });
      expect(bench.kinds()).toEqual(["detach", "finish", "setTimer"]);
      expect(bench.effects.at(-1)).toEqual({ do: "setTimer", at: null });
    }
    for (const code of [1000, 1001, 1006, 1011, 1012])
      expect(new Bench().live().lose(code).state.at).toBe("waiting");
  });

  test("CL14 without a network nothing is tried; when it is back, at once", () => {
    const bench = new Bench().live().give({ is: "offline" });
    expect(bench.sent).toEqual(["ping"]);
    bench.lose().pass(3_600_000);
    expect(bench.state).toMatchObject({ at: "waiting", until: null, socket: 1 });
    expect(bench.give({ is: "online" }).kinds()).toContain("openSocket");
    const waiting = new Bench().live().lose();
    expect(waiting.give({ is: "online" }).state.at).toBe("connecting");
  });

  test("CL14 an open socket is asked whether it survived a change of network, with 5 s to answer", () => {
    const bench = new Bench().live().give({ is: "online" });
    expect(bench.sent).toEqual(["ping"]);
    expect(bench.pass(5_000).state.at).not.toBe("live");
  });

  test("CL21 stop closes the socket and is final until started again", () => {
    const bench = new Bench().live().give({ is: "stop" });
    expect(bench.kinds()).toEqual(["closeSocket", "detach", "finish", "setTimer"]);
    expect(bench.give({ is: "online" }).state).toMatchObject({ at: "closed", reason: { kind: "stopped" } });
    expect(bench.give({ is: "stop" }).effects).toEqual([]);
    expect(bench.give({ is: "start" }).state.at).toBe("connecting");
  });
});
