import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawSocket } from "../workerd/raw-socket.ts";
import { Fixture } from "../workerd/start.ts";
import { pathOf, routeRules } from "./route-rules.ts";
import { socketDoors } from "./socket-doors.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

/** Whether it was opened only to be told why not. */
function isRefused(socket: RawSocket): Promise<boolean> {
  const saysMore = (): boolean => socket.frames.some(({ t }) => t !== "error");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.socket.on("message", () => saysMore() && resolve(false));
  void socket.closed.then(({ code }) => resolve(code >= 4400 && !saysMore()));
  socket.sendText("ping");
  return promise;
}

describe("frames", () => {
  const hello = (extra: string): string => `{"t":"hello","v":1${extra}}`;
  test.each([
    ["nothing", ""],
    ["no JSON", "hello"],
    ["an array", "[]"],
    ["null", "null"],
    ["an unknown type", '{"t":"commit"}'],
    ["an inherited type", '{"t":"__proto__"}'],
    ["a prototype", '{"t":"hello","v":1,"__proto__":{}}'],
    ["commands before hello", '{"t":"do","commands":[{"op":"append","id":"a","type":"x"}]}'],
    ["a pull before hello", '{"t":"pull","after":0}'],
    ["a signal before hello", '{"t":"signal","signal":1}'],
    ["a cursor below zero", hello(',"after":-1')],
    ["a cursor that is too great", hello(',"after":1e300')],
    ["a cursor that is text", hello(',"after":"1"')],
    ["an unknown key", hello(',"x":1')],
    ["an unknown key of many letters", hello(`,"${"\u00e9".repeat(120)}":1`)],
    ["an unknown key of halved letters", hello(`,"${"\\ud800".repeat(120)}":1`)],
    ["an unknown key without end", hello(`,"${"x".repeat(500_000)}":1`)],
    ["nesting without end", "[".repeat(500_000)],
    ["nesting that is too deep", hello(`,"x":${"[".repeat(100)}${"]".repeat(100)}`)],
  ])("SE17 %s ends the connection, in a few words", async (_what, text) => {
    const socket = await fixture.connect(fixture.name());
    socket.sendText(text);
    expect((await socket.closed).code).toBe(4400);
    expect(JSON.stringify(socket.frames).length).toBeLessThan(1000);
  });

  test("SE17 a frame in pieces is one frame, and commands of odd form fail one by one", async () => {
    const socket = await fixture.connect(fixture.name());
    socket.socket.send('{"t":"hel', { fin: false });
    socket.socket.send('lo","v":1}', { fin: true });
    await socket.next("welcome");
    const good = { id: "good", op: "append", type: "note.added" };
    const odd = [
      null,
      5,
      "x",
      [],
      {},
      { id: 7 },
      { id: "a" },
      { id: "b", op: "__proto__" },
      { id: "c", op: "call" },
    ];
    const ids = ["\u0000", " ", "\u00e9", "x".repeat(129), ""].map((id) => ({ ...good, id }));
    socket.send({ t: "do", commands: [...odd, ...ids, good] });
    const acks = new Map<string, boolean>();
    while (!acks.has("good"))
      for (const ack of (await socket.next("commit", (frame) => frame.acks !== undefined)).acks ?? [])
        acks.set(ack.id, "error" in ack);
    expect([...acks].filter(([, failed]) => !failed)).toEqual([["good", false]]);
  });

  test("SE17 also a hook's own refusal in long words ends it", async () => {
    const socket = await fixture.live(fixture.name());
    socket.send({ t: "signal", signal: "refuse in long words" });
    expect((await socket.closed).code).toBe(4400);
  });
});

describe("doors", () => {
  test("SE6 SE23 every route that opens a socket is one that attacks and fuzzing know", async () => {
    const name = fixture.name();
    for (const stream of [`notes/${name}/streams/s`, `/v1/stream/${name}`])
      await fixture.ask("PUT", stream, { body: ["a chunk"] });
    const asked = routeRules.filter(({ route }) => route.startsWith("GET")).map(({ route }) => route);
    const opened = new Set<string>();
    for (const route of [...asked, "GET /notes/:name", "GET /agents/notes/:name"]) {
      for (const protocols of [[], ["sessile.v1"]]) {
        const options = { headers: { "x-test-user": "ada" }, protocols };
        const socket = await RawSocket.open(fixture.at(pathOf(route, name).path), options).catch(() => null);
        if (socket && !(await isRefused(socket))) opened.add(route);
        socket?.socket.terminate();
      }
    }
    expect([...opened].sort()).toEqual(Object.values(socketDoors).sort());
  });
});

describe("what others see", () => {
  test("SE18 a reader who asks only for the heads of a stream is not left behind", async () => {
    const name = fixture.name();
    for (let times = 0; times < 5; times++) {
      const head = await fixture.ask("HEAD", `notes/${name}/events`, {
        headers: { accept: "text/event-stream" },
      });
      expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    }
    const socket = await fixture.live(name);
    expect((await socket.next("presence")).count).toBe(1);
  });

  test("SE19 the feed tells of the kind it was asked for, once, and of no unknown one", async () => {
    const feed = async (query: string): Promise<RawSocket> =>
      RawSocket.open(fixture.at(`/v1/sessions${query}`), { protocols: [] });
    for (const query of ["?kind=", "?kind=zzz", "?kind=__proto__", `?kind=${"z".repeat(400)}`, "?kind=%00"]) {
      const refused = await feed(query);
      expect([query, (await refused.closed).code]).toEqual([query, 4404]);
    }
    const tiny = await feed("?kind=tiny&kind=notes&kind=");
    const notes = await feed("?kind=notes");
    await fixture.call(fixture.name(), "add", "x");
    await notes.next("directory");
    expect(tiny.frames).toEqual([]);
    for (const socket of [tiny, notes]) await socket.close();
  });

  test("SE20 a signal is short, so that one reader cannot fill everybody's connection", async () => {
    const name = fixture.name();
    const [one, other] = [await fixture.live(name), await fixture.live(name)];
    one.send({ t: "signal", signal: "x".repeat(1_000_000) });
    expect((await one.closed).code).toBe(4400);
    expect(other.frames.some(({ t }) => t === "signal")).toBe(false);
  });
});
