import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawSocket } from "../workerd/raw-socket.ts";
import { Fixture } from "../workerd/start.ts";
import { commandRules, requestRules } from "./command-rules.ts";
import { OwnedSession, sessionRules } from "./owned-session.ts";
import { rawStatus, requestText } from "./raw-request.ts";
import { pathOf, routeRules } from "./route-rules.ts";

const operatorToken = "the operator's token";
const rights = ["read", "write", "approve", "admin"] as const;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start({ vars: { SESSILE_OPERATOR: operatorToken } });
});
afterAll(() => fixture.stop());

const as = (user: string) => ({ headers: { "x-test-user": user } });

describe("routes", () => {
  test("SE1 every route of the library has a rule that says who may use it", async () => {
    const { body } = await fixture.get("/test/routes");
    const routes = new Set<string>(body.filter((route: string) => !route.includes(" /test/")));
    expect([...routes].sort()).toEqual(routeRules.map(({ route }) => route).sort());
  });

  const guarded = routeRules.filter(({ right }) => right !== "open");
  test.each(guarded)(
    "SE2 $route is for who may $right, and for nobody else",
    async ({ route, right, body }) => {
      const name = fixture.name();
      await fixture.get(`notes/${name}`);
      const { method, path } = pathOf(route, name);
      const methods = method === "GET" ? ["GET", "HEAD"] : [method];
      for (const sent of methods) {
        const refused = async (user: string): Promise<boolean> => {
          const answer = await fixture.ask(sent, path, {
            ...as(user),
            ...(body === undefined ? {} : { body }),
          });
          expect([user, answer.status]).not.toEqual([user, 500]);
          // The kind itself may forbid something too, in other words.
          return answer.status === 403 && (sent === "HEAD" || answer.body.detail.startsWith("You may not"));
        };
        for (const other of ["mallory", ...rights.map((candidate) => `only-${candidate}`)])
          expect([sent, other, await refused(other)]).toEqual([sent, other, other !== `only-${right}`]);
      }
    },
  );

  test.each(guarded.filter(({ route }) => route.includes(":name")))(
    "SE2 $route asks nobody in particular who they are",
    async ({ route, body }) => {
      const { method, path } = pathOf(route, fixture.name("private"));
      const answer = await fixture.ask(method, path, body === undefined ? {} : { body });
      expect([answer.status, answer.body.code]).toEqual([401, "unauthenticated"]);
    },
  );

  test("DU19 a stream is forked by who may read it, and nobody else learns whether it is there", async () => {
    const source = `/v1/stream/${fixture.name("private")}`;
    await fixture.ask("PUT", source, { text: "secret", ...as("ada") });
    const fork = (user: string, from: string) =>
      fixture.ask("PUT", `/v1/stream/${fixture.name()}`, {
        headers: { "x-test-user": user, "stream-forked-from": from },
      });
    const refusals = await Promise.all([source, `${source}-none`].map((from) => fork("only-write", from)));
    for (const { status, body } of refusals)
      expect([status, body.detail]).toEqual([403, "You may not read here."]);
    expect((await fork("ada", source)).status).toBe(201);
  });

  test("SE2 API tokens are for whoever signed in, and each for its owner only", async () => {
    const grant = { label: "script" };
    for (const [method, path, body] of [
      ["GET", "/v1/tokens", undefined],
      ["POST", "/v1/tokens", grant],
      ["DELETE", "/v1/tokens/x", undefined],
    ] as const)
      expect((await fixture.ask(method, path, body ? { body } : {})).status).toBe(401);
    const made = await fixture.ask("POST", "/v1/tokens", { body: grant, ...as("ada") });
    expect(made.status).toBe(201);
    expect((await fixture.get("/v1/tokens", { "x-test-user": "eve" })).body.items).toEqual([]);
    const path = `/v1/tokens/${made.body.tokenId}`;
    expect((await fixture.ask("DELETE", path, as("eve"))).status).toBe(404);
    expect((await fixture.ask("DELETE", path, as("ada"))).status).toBe(204);
  });

  test("SB1 a wake is answered with its token, whatever rights somebody has, and no stream has the prefix", async () => {
    const answer = { body: { wake_id: "w", generation: 1 } };
    for (const by of ["callback", "ack", "release"]) {
      const path = `/v1/stream/__ds/subscriptions/s/${by}`;
      const refused = await fixture.ask("POST", path, { ...answer, ...as("ada") });
      expect([refused.status, refused.body.error.code]).toEqual([401, "TOKEN_INVALID"]);
      const headers = { authorization: "Bearer x" };
      const none = await fixture.ask("POST", path, { ...answer, headers });
      expect([none.status, none.body.error.code]).toEqual([404, "SUBSCRIPTION_NOT_FOUND"]);
    }
    for (const path of ["__ds", "__ds/x", "__ds%2Fx", "%5F%5Fds/x"])
      expect((await fixture.ask("PUT", `/v1/stream/${path}`, as("ada"))).status).toBe(404);
  });

  test("IN5 the inspector is not there, for nobody, unless the deployment turns it on", async () => {
    const name = fixture.name();
    await fixture.get(`notes/${name}`);
    for (const [method, path, body] of [
      ["GET", `notes/${name}/inspect`, undefined],
      ["POST", `notes/${name}/inspect/sql`, { sql: "SELECT 1" }],
      ["GET", `/_sessile/inspect/notes/${name}`, undefined],
    ] as const) {
      const answer = await fixture.ask(method, path, body ? { body, ...as("ada") } : as("ada"));
      expect([answer.status, answer.body.detail]).toEqual([404, "This deployment has no inspector."]);
    }
  });

  test("SE2 an import needs the right to administer what its file names", async () => {
    const name = fixture.name();
    await fixture.call(name, "add", "x");
    const file = (await fixture.get(`notes/${name}/export`)).body as string;
    for (const user of ["mallory", "only-read", "only-write", "only-approve"])
      expect((await fixture.ask("POST", "/v1/sessions/import", { text: file, ...as(user) })).status).toBe(
        403,
      );
    const allowed = await fixture.ask("POST", "/v1/sessions/import", { text: file, ...as("only-admin") });
    expect(allowed.body.code).toBe("conflict");
  });

  test("SE2 whoever may not import is refused before a line of it is held", async () => {
    const manifest = JSON.stringify({
      format: "sessile-session",
      version: 1,
      kind: "notes",
      name: fixture.name(),
      createdAt: new Date().toISOString(),
      events: 2,
    });
    // The rest of what is announced never comes: an answer shows that nobody waits for it.
    const send = async (body: string): Promise<number> => {
      const { host } = new URL(fixture.url);
      const head = ["POST /v1/sessions/import HTTP/1.1", `Host: ${host}`, "x-test-user: mallory"];
      const text = `${[...head, "Content-Length: 99999999"].join("\r\n")}\r\n\r\n${body}`;
      return (await rawStatus(fixture.url, text, false)).status;
    };
    expect(await send(`${manifest}\n{"hash":"`)).toBe(403);
    expect(await send("{".padEnd(200_000, " "))).toBe(400);
  });

  test.each([
    ["GET", "", "read"],
    ["HEAD", "", "read"],
    ["GET", "/a", "read"],
    ["HEAD", "/a", "read"],
    ["POST", "", "write"],
    ["POST", "/a", "write"],
    ["PUT", "/a", "write"],
    ["DELETE", "/a", "write"],
    ["PATCH", "/a", "write"],
    ["OPTIONS", "/a", "write"],
  ])("SE2 the pretty address, and the agents': %s %s is for who may %s", async (method, suffix, right) => {
    for (const address of ["/notes", "/agents/notes"]) {
      const path = `${address}/${fixture.name()}${suffix}`;
      for (const other of rights) {
        const { status } = await fixture.ask(method, path, as(`only-${other}`));
        expect([path, other, status === 403]).toEqual([path, other, other !== right]);
      }
    }
  });
});

describe("what the Worker asks of an object", () => {
  const rules = Object.entries(requestRules);

  test.each(rules)("SE3 the object asks its own authorizer about %s", async (op, { right, form }) => {
    const name = fixture.name();
    await fixture.get(`notes/${name}`);
    for (const other of rights) {
      const request = { op, ...form };
      const user = `object-only-${other}`;
      const { body } = await fixture.ask("POST", `/test/ask/${name}`, { body: { request, user } });
      const isRefused = !body.ok && body.error.message.startsWith(`You may not ${right}`);
      expect([other, isRefused, body]).toEqual([other, right !== "open" && right !== other, body]);
    }
  });
});

describe("a session of somebody else's", () => {
  let session: OwnedSession;
  beforeAll(async () => {
    session = await OwnedSession.make(fixture);
  });

  test.each(sessionRules)("AC2 $route tells nobody else that it is there", (rule) => session.hides(rule));

  test.each(sessionRules)("AC5 $route is for members who may $right, and for the owner", async (rule) => {
    await (await OwnedSession.make(fixture)).serves(rule);
  });

  test("AC2 no door is open to others, and nothing they sent was written", async () => {
    for (const id of [null, "eve"])
      expect([id, new Set(await session.knock(id))]).toEqual([id, new Set([4404])]);
    const command = { id: "c", op: "append", type: "note.added" };
    const answer = await fixture.ask("POST", `vaults/${session.name}/commands`, {
      body: { commands: [command] },
      ...as("eve"),
    });
    expect([answer.status, answer.body.code]).toEqual([404, "not_found"]);
    expect(await session.authors()).toEqual(new Set([null, "ada"]));
  });
});

describe("sockets", () => {
  const commands = Object.entries(commandRules).map(([op, { right, form }]) => ({ op, right, ...form }));

  test("SE2 a socket is opened for who may read, also at the pretty address", async () => {
    const name = fixture.name();
    for (const user of ["mallory", "only-write", "only-approve", "only-admin"]) {
      for (const path of [
        `/v1/sessions/notes/${name}`,
        `/notes/${name}`,
        `/notes/${name}/suffix`,
        `/agents/notes/${name}`,
      ]) {
        const socket = await RawSocket.open(fixture.at(path), as(user));
        expect([user, path, (await socket.closed).code]).toEqual([user, path, 4403]);
      }
    }
    await (await RawSocket.open(fixture.at(`/notes/${name}/suffix`), as("only-read"))).greet();
  });

  test("SE3 the object's own authorizer is asked for each command of a socket", async () => {
    const socket = await fixture.live(fixture.name(), as("outside"));
    for (const { right, ...command } of commands) {
      const [ack] = await socket.do({ id: `c-${command.op}`, ...command });
      expect(ack).toMatchObject({ error: { message: `You may not ${right} in this session.` } });
    }
  });

  test("SE4 a socket needs the right that HTTP asks for, for each command", async () => {
    const socket = await fixture.live(fixture.name(), as("only-read"));
    for (const { right, ...command } of commands) {
      const [ack] = await socket.do({ id: `c-${command.op}`, ...command });
      expect(ack).toMatchObject({ error: { message: `You may not ${right} in this session.` } });
    }
  });

  test("SE4 a socket of the Agents SDK needs them too", async () => {
    const name = fixture.name();
    const socket = await RawSocket.open(fixture.at(`/agents/notes/${name}`), {
      protocols: [],
      ...as("only-read"),
    });
    socket.send({ type: "cf_agent_state", state: { count: 9, text: "mine" } });
    socket.send({ type: "rpc", id: "r", method: "add", args: ["x"] });
    const told = () =>
      (socket.frames as unknown[]).filter((frame) => JSON.stringify(frame).includes("You may not write"));
    await expect.poll(told).toHaveLength(2);
    expect((await fixture.get(`notes/${name}/state`)).body).toEqual({ count: 0, text: "" });
    await socket.close();
  });

  test("SE3 the object's own authorizer is asked before onRequest", async () => {
    const path = `/notes/${fixture.name()}/a`;
    expect((await fixture.ask("POST", path, as("outside"))).status).toBe(403);
  });
});

describe("the operator", () => {
  const as = (token: string) => ({ "x-test-user": "mallory", "sessile-operator": token });

  test("OT1 the operator's token gives every right, whoever else the request is of", async () => {
    await fixture.call("operated", "add", "a note");
    const options = { headers: as(operatorToken), body: {} };
    expect((await fixture.ask("POST", "notes/operated/reset", options)).status).toBe(200);
    const { body } = await fixture.get("notes/operated/events", as(operatorToken));
    expect(body.items.at(-1).actor).toEqual({ id: "sessile:operator", name: "Operator" });
  });

  test.each([
    ["the operator's id without the token", { "sessile-operator": "", "x-test-user": "sessile:operator" }],
    ["another token", { "sessile-operator": `${operatorToken}!` }],
    ["a host that is not this machine's", { host: "friend.example" }],
    ["a page of another origin", { origin: "http://evil.example" }],
  ])("OT2 %s gives nothing", async (_, more) => {
    const { host } = new URL(fixture.url);
    const lines = Object.entries({ host, ...as(operatorToken), ...more }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const request = requestText("GET /v1/sessions/notes/operated/log HTTP/1.1", lines);
    expect((await rawStatus(fixture.url, request)).status).toBe(403);
  });
});
