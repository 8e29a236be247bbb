import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "../workerd/start.ts";
import { rawStatus, requestText } from "./raw-request.ts";
import { pathOf } from "./route-rules.ts";
import { socketDoors } from "./socket-doors.ts";

let fixture: Fixture;
let own = "";
beforeAll(async () => {
  fixture = await Fixture.start();
  own = new URL(fixture.url).host;
});
afterAll(() => fixture.stop());

const get = (headers: readonly string[], target = "/v1/sessions"): string =>
  requestText(`GET ${target} HTTP/1.1`, headers);

describe("hosts", () => {
  test("SE5 no other Host is answered, however it is written", async () => {
    const { port } = new URL(fixture.url);
    const hosts = [
      ["evil.example"],
      [`evil.example:${port}`],
      [`localhost.:${port}`],
      [`127.0.0.1.:${port}`],
      ["127.0.0.1"],
      ["127.0.0.1:1"],
      [`127.1:${port}`],
      [`2130706433:${port}`],
      [`0.0.0.0:${port}`],
      [`[::ffff:127.0.0.1]:${port}`],
      [`user@${own}`],
      [`${own}, evil.example`],
      [own, "evil.example"],
      ["evil.example", own],
      [`${own}/`],
      [`${own}#`],
      [""],
      [],
    ];
    const statuses = await Promise.all(
      hosts.map(async (host) => {
        const { status, text } = await rawStatus(fixture.url, get(host.map((value) => `Host: ${value}`)));
        return [host, status === 400 || status === 403, text.includes('"items"')];
      }),
    );
    expect(statuses).toEqual(hosts.map((host) => [host, true, false]));
    expect((await rawStatus(fixture.url, get([`Host: ${own}`]))).status).toBe(200);
  });

  test("SE5 an address in the request line stands for no Host", async () => {
    const foreign = get(["Host: evil.example"], `http://${own}/v1/sessions`);
    expect((await rawStatus(fixture.url, foreign)).status).toBe(403);
    const origin = [`Host: ${own}`, "Origin: http://evil.example"];
    const borrowed = requestText("POST http://evil.example/v1/sessions/notes/x/reset HTTP/1.1", origin);
    expect((await rawStatus(fixture.url, borrowed)).status).toBe(403);
  });
});

describe("origins", () => {
  /** As the server in front would let them pass: names it vouches for, which the Worker does not. */
  const odd = (): string[] => [
    "null",
    "file://",
    "https://evil.example",
    `http://evil.example#${own}`,
    `http://${own}@evil.example`,
    `http://${own}.evil.example`,
    `http://x@${own}`,
    `http://${own}.`,
    `http://${own}/`,
    `http://${own}, http://evil.example`,
    `ws://${own}`,
    `http://http://${own}`,
    `http://localhost.:${new URL(fixture.url).port}`,
    "chrome-extension://abcdefgh",
    own,
    "friend.example",
    "other.example",
    "https://other.example",
    "//other.example",
    "HTTPS://FRIEND.EXAMPLE.",
    "\u00e9",
    "a b",
  ];

  test("SE6 a page of any other origin writes nothing, and the refusal is no failure", async () => {
    const name = fixture.name();
    const path = `/v1/sessions/notes/${name}/call/add`;
    for (const origin of odd()) {
      const headers = [`Host: ${own}`, `Origin: ${origin}`, "Content-Type: text/plain"];
      const { status } = await rawStatus(fixture.url, requestText(`POST ${path} HTTP/1.1`, headers, '["x"]'));
      expect([origin, status]).toEqual([origin, 403]);
    }
    expect((await fixture.log(name)).some(({ type }) => type === "note.added")).toBe(false);
  });

  test("SE6 nor does it open a socket, at any door", async () => {
    for (const route of Object.values(socketDoors)) {
      const { path } = pathOf(route, fixture.name());
      for (const origin of odd()) {
        const headers = [
          `Host: ${own}`,
          `Origin: ${origin}`,
          "Upgrade: websocket",
          "Connection: Upgrade",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "Sec-WebSocket-Protocol: sessile.v1",
        ];
        const { status, text } = await rawStatus(
          fixture.url,
          `${[`GET ${path} HTTP/1.1`, ...headers].join("\r\n")}\r\n\r\n`,
        );
        // Refused by the server in front, or accepted by the Worker to be closed as forbidden.
        const refused = status === 403 || (status === 101 && text.includes('"code":"forbidden"'));
        expect([path, origin, refused]).toEqual([path, origin, true]);
      }
    }
  });

  test("SE6 a form or picture that says no origin is known by where it was sent from", async () => {
    const name = fixture.name();
    for (const site of ["cross-site", "same-site", "Cross-Site"]) {
      const { status } = await fixture.ask("POST", `notes/${name}/call/add`, {
        body: ["x"],
        headers: { "sec-fetch-site": site },
      });
      expect([site, status]).toEqual([site, 403]);
    }
  });

  test("SE7 no answer invites another origin in", async () => {
    const name = fixture.name();
    const headers = { origin: "https://friend.example", "access-control-request-method": "POST" };
    for (const [method, path] of [
      ["OPTIONS", `notes/${name}`],
      ["GET", `notes/${name}`],
      ["GET", "/v1/sessions"],
      ["GET", `/notes/${name}/a`],
    ] as const) {
      const answer = await fixture.ask(method, path, { headers });
      const cors = [...answer.headers.keys()].filter((header) => header.startsWith("access-control-"));
      expect([method, path, cors]).toEqual([method, path, []]);
    }
  });
});
