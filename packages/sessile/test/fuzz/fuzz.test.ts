import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fixture } from "../workerd/start.ts";
import { describeFinding, type FuzzTarget, fuzz } from "./fuzz.ts";
import { withoutExample } from "./targets/hostile-bodies.ts";
import { httpRoutes } from "./targets/http.ts";
import { parserTargets } from "./targets/index.ts";
import { socketFrames } from "./targets/sockets.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

/** `npm run fuzz` takes many more, of another seed each time. */
const cases: { readonly [target: string]: number } = {
  frames: 8000,
  commands: 150,
  exports: 1500,
  alerts: 800,
  http: 800,
  sockets: 400,
};

async function expectNoFindings(target: FuzzTarget): Promise<void> {
  const findings = await fuzz(target, "test", { count: cases[target.name] as number });
  expect(findings.map(describeFinding).join("\n")).toBe("");
}

test("SE23 there is an example of what each route takes", () => {
  expect(withoutExample()).toEqual([]);
});

test.each(parserTargets())(
  "SE23 hostile input to $name is refused or taken for what it is",
  expectNoFindings,
);

test.each([
  ["http", httpRoutes],
  ["sockets", socketFrames],
])("SE23 hostile input to %s is refused by a real server", (_, targetOn) =>
  expectNoFindings(targetOn(fixture)),
);

test("SE24 three hundred requests that never end keep nobody else waiting", async () => {
  const { hostname, port, host } = new URL(fixture.url);
  const begun = [
    "GET /v1/sess",
    `POST /v1/sessions/notes/slow/events HTTP/1.1\r\nHost: ${host}\r\nX-Long: `,
    `POST /v1/sessions/notes/slow/events HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n\r\n{"type`,
  ];
  const sockets = await Promise.all(
    Array.from({ length: 300 }, (_, index) => {
      const { promise, resolve, reject } = Promise.withResolvers<Socket>();
      const socket = connect(Number(port), hostname, () =>
        socket.write(begun[index % begun.length] as string, () => resolve(socket)),
      );
      socket.once("error", reject);
      return promise;
    }),
  );
  expect((await fixture.ask("POST", "notes/slow/call/add", { body: ["x"] })).status).toBe(200);
  expect(sockets.filter((socket) => socket.destroyed)).toEqual([]);
  for (const socket of sockets) socket.destroy();
});

test("SE24 a body that unpacks to much more than it is is not unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, "["));
  for (const path of ["notes/packed/events", "import"])
    for (const encoding of ["gzip", "identity", "br"]) {
      const response = await fetch(fixture.at(path), {
        method: "POST",
        headers: { "content-encoding": encoding },
        body: bomb,
      });
      expect([path, encoding, response.status]).toEqual([path, encoding, 400]);
    }
});
