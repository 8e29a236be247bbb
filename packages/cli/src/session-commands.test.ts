import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExportReader, ExportWriter, type RecordedEvent } from "sessile/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../sessile/src/node/server/fixtures/processes.ts";
import { Fixture } from "../../sessile/test/workerd/start.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sessile-cli-"));
const file = (name: string) => join(folder, name);
let here: Fixture;
let there: Fixture;
beforeAll(async () => {
  [here, there] = await Promise.all([Fixture.start(), Fixture.start()]);
}, 90_000);
afterAll(async () => {
  await Promise.all([here?.stop(), there?.stop()]);
  rmSync(folder, { recursive: true, maxRetries: 3 });
});

function start(...args: string[]) {
  const child = spawn(process.execPath, ["--conditions=sessile-source", main, ...args], { cwd: folder });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].on("data", (chunk) => {
      output[stream] += chunk;
    });
  return { child, output };
}

async function sessile(...args: string[]) {
  const { child, output } = start(...args);
  child.stdin.end();
  const [code] = await once(child, "exit");
  return { code, ...output };
}

async function grown(pages = 12): Promise<string> {
  const name = here.name("d");
  for (let n = 0; n < pages; n++)
    await here.ask("POST", `diary/${name}/call/write`, {
      body: [`page ${n}`],
      headers: { "x-test-user": "ada" },
    });
  await here.ask("POST", `diary/${name}/snapshots`);
  await until(async () => {
    const { body } = await here.get(`diary/${name}/head`);
    return body.head?.seq === (await here.get(`diary/${name}`)).body.lastSeq;
  });
  return name;
}

/** The file with one event exchanged, and a chain of its own. */
function forge(text: string, seq: number): string {
  const reader = new ExportReader();
  const events = text
    .split("\n")
    .slice(0, -1)
    .map((line) => reader.take(line))
    .filter((event) => event !== null);
  const { kind, name, createdAt } = reader.manifest!;
  const writer = new ExportWriter({ kind, name, createdAt, events: events.length });
  const changed = (event: RecordedEvent) =>
    event.seq === seq ? { ...event, payload: { text: "forged" } } : event;
  return writer.begin() + events.map((event) => writer.event(changed(event))).join("") + writer.end();
}

describe("export, verify, import, restore", () => {
  test("EX2 a session goes from one server to another through a file, byte for byte", async () => {
    const name = await grown();
    const first = file("one.ndjson");
    expect(await sessile("export", `diary/${name}`, "--url", here.url, "--out", first)).toMatchObject({
      code: 0,
      stdout: "",
    });
    const verified = await sessile("verify", first, "--url", here.url);
    expect(verified).toMatchObject({ code: 0, stderr: "" });
    expect(verified.stdout).toMatch(
      /is whole: diary\/.* events, head [0-9a-f]{64}\. The head agrees with the record at /,
    );
    const imported = await sessile("import", first, "--url", there.url);
    expect(imported).toMatchObject({ code: 0, stderr: "" });
    const again = await sessile("export", `diary/${name}`, "--url", there.url);
    expect(again).toMatchObject({ code: 0, stdout: readFileSync(first, "utf8") });
    expect(await sessile("import", first, "--url", there.url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("(conflict)"),
    });
  });

  test("EX4 verify names line and event of what was changed, taken out or cut off", async () => {
    const name = await grown(4);
    const { stdout: text } = await sessile("export", `diary/${name}`, "--url", here.url);
    const lines = text.split("\n");
    const cases: [string, string][] = [
      [text.replace("page 1", "page X"), "line 6 (event 5)"],
      [lines.toSpliced(4, 1).join("\n"), "line 5 (event 4)"],
      [`${lines.slice(0, 6).join("\n")}\n`, "line 7 (event 6): The file is cut off"],
      [text.slice(0, -20), "cut off in the middle"],
    ];
    for (const [damaged, where] of cases) {
      writeFileSync(file("damaged.ndjson"), damaged);
      expect(await sessile("verify", file("damaged.ndjson"))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(where),
      });
    }
    writeFileSync(
      file("bytes.ndjson"),
      Buffer.concat([Buffer.from(`${lines[0]}\n`), Buffer.from([0xff, 0xfe]), Buffer.from("\n")]),
    );
    expect(await sessile("verify", file("bytes.ndjson"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("not UTF-8"),
    });
  });

  test("EX5 a forgery with a chain of its own is found by the anchor, and located by the server", async () => {
    const name = await grown(6);
    const { stdout: text } = await sessile("export", `diary/${name}`, "--url", here.url);
    const head = JSON.parse(text.split("\n").at(-2)!).trailer.head as string;
    writeFileSync(file("forged.ndjson"), forge(text, 7));
    expect(await sessile("verify", file("forged.ndjson"))).toMatchObject({ code: 0 });
    expect(await sessile("verify", file("forged.ndjson"), "--anchor", head)).toMatchObject({ code: 1 });
    expect(await sessile("verify", file("forged.ndjson"), "--url", here.url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("The first event that differs is 7, on line 8."),
    });
    writeFileSync(file("good.ndjson"), text);
    expect(await sessile("verify", file("good.ndjson"), "--anchor", head)).toMatchObject({ code: 0 });
    for (const [anchor, code] of [
      [`1:${JSON.parse(text.split("\n")[1]!).hash}`, 0],
      [`0:${head}`, 2],
    ])
      expect(await sessile("verify", file("good.ndjson"), "--anchor", String(anchor))).toMatchObject({
        code,
      });
    await here.ask("POST", `diary/${name}/call/write`, { body: ["later"] });
    await until(async () => (await here.get(`diary/${name}/head`)).body.head.hash !== head);
    expect(await sessile("verify", file("good.ndjson"), "--url", here.url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is cut off: it ends with event"),
    });
  });

  test("a file that cannot be read is named, before a server is asked", async () => {
    for (const args of [
      ["import", folder],
      ["verify", folder],
    ])
      expect(await sessile(...args)).toEqual({
        code: 2,
        stdout: "",
        stderr: `sessile: ${folder} is a folder, not a file.\n`,
      });
  });

  test("RS5 restore rebuilds a lost session from the record", async () => {
    const name = await grown(5);
    const { stdout: before } = await sessile("export", `diary/${name}`, "--url", here.url);
    await here.ask("POST", `/test/forget/${name}`);
    expect(await sessile("restore", `diary/${name}`, "--url", here.url)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Restored"),
    });
    expect((await sessile("export", `diary/${name}`, "--url", here.url)).stdout).toBe(before);
  });
});

test("ST10 reset puts the state back by a script, as one more event", async () => {
  const name = here.name("n");
  await here.ask("POST", `notes/${name}/call/add`, { body: ["one"] });
  const before = (await here.get(`notes/${name}`)).body;
  expect(await sessile("reset", `notes/${name}`, "--url", here.url)).toMatchObject({
    code: 0,
    stdout: `Reset the state of notes/${name}, at seq ${before.lastSeq + 1}\n`,
  });
  const { body } = await here.get(`notes/${name}`);
  expect(before.state).not.toEqual(body.state);
  expect(body.state).toEqual({ count: 0, text: "" });
});

describe("delete", () => {
  test("DE1 DE5 deletes once it is told to for certain, may be repeated, and frees the address if asked", async () => {
    const name = await grown(2);
    expect(await sessile("delete", `diary/${name}`, "--url", here.url)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--yes"),
    });
    for (const more of [[], [], ["--free"]])
      expect(await sessile("delete", `diary/${name}`, "--yes", ...more, "--url", here.url)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(`^Deleted diary/${name} at \\d{4}-`),
      });
    expect((await here.get(`diary/${name}`)).body.lastSeq).toBe(2);
  });
});

describe("tail", () => {
  test.each(["longpoll", "sse", "poll"])(
    "prints what there is, as a terminal may be shown it, and ends, or follows over %s; and goes on after the seq it is given",
    async (transport) => {
      const name = await grown(2);
      const all = await sessile("tail", `diary/${name}`, "--no-follow", "--url", here.url);
      const seqs = all.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).seq);
      expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1));
      const { child, output } = start(
        "tail",
        `diary/${name}`,
        "--after",
        String(seqs.length - 1),
        "--transport",
        transport,
        "--url",
        here.url,
      );
      await until(() => output.stdout.includes("\n"));
      await here.ask("POST", `diary/${name}/call/write`, { body: ["while it follows \u009b2J"] });
      await until(() => output.stdout.includes("while it follows \\u009b2J"));
      child.kill("SIGINT");
      await once(child, "exit");
      expect(JSON.parse(output.stdout.split("\n")[0]!).seq).toBe(seqs.length);
      expect(output.stderr).toMatch(/^Go on with: --after \d+\n$/);
    },
  );

  test("HT29 follows a log that ends before the seq it is given from the start, over polls too", async () => {
    const name = await grown(1);
    const more = ["--after", "999", "--transport", "poll", "--url", here.url];
    const { child, output } = start("tail", `diary/${name}`, ...more);
    const exit = once(child, "exit");
    await until(() => output.stdout.includes("page 0") || child.exitCode !== null);
    child.kill("SIGINT");
    expect(await exit).toEqual([0, null]);
    expect(JSON.parse(output.stdout.split("\n")[0]!).seq).toBe(1);
  });

  test("follows on when a proxy has said that the server is away", async () => {
    const name = await grown(1);
    let isAway = true;
    await using proxy = createServer(async ({ url }, response) => {
      if (isAway) response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>");
      else response.end(await (await fetch(here.at(url ?? ""))).text());
      isAway = false;
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const { child, output } = start("tail", `diary/${name}`, "--transport", "poll", "--url", url);
    const exit = once(child, "exit");
    await until(() => output.stdout.includes("page 0") || child.exitCode !== null);
    child.kill("SIGINT");
    expect(await exit).toEqual([0, null]);
    expect(output.stderr).toMatch(/^The server answered 502\. Trying again\.\n/);
  });

  test("says so of an address that sends pages instead of events, and asks it no more", async () => {
    await using other = createServer((_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<h1>Hello</h1>"),
    );
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    expect(await sessile("tail", "diary/x", "--transport", "sse", "--url", url)).toMatchObject({
      code: 1,
      stderr: `sessile: ${url} sends no events. Is it the address of a Sessile server?\n`,
    });
  });

  test("a server that is not there, and a session that is named wrongly, are said in one line", async () => {
    expect(await sessile("tail", "diary/x", "--no-follow", "--url", "http://127.0.0.1:1")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sessile: http:\/\/127\.0\.0\.1:1 does not answer .*--url\.\n$/),
    });
    expect(await sessile("tail", "diary")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("KIND/NAME"),
    });
    expect(await sessile("tail", "diary/a", "--transport", "pigeon")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("longpoll, sse, poll"),
    });
    expect(await sessile("export", "diary/a", "--anchor", "x")).toMatchObject({ code: 2 });
  });
});

describe("doctor", () => {
  test("reports versions, lock, sizes, disk and the record's lag of a folder in use, and of the server", async () => {
    await grown(1);
    const { code, stdout } = await sessile("doctor", "--dir", here.server.dir, "--url", here.url);
    expect(stdout).toMatch(/^ok {4}versions: sessile \d/);
    expect(stdout).toMatch(/ok {4}lock: held by the server with process id \d+/);
    // The tables of a session alone take more than a hundred.
    expect(stdout).toMatch(/databases: \d+, .* together, the largest (\d{3}\.\d KB|.* MB)/);
    expect(stdout).toMatch(/free disk: /);
    expect(stdout).toMatch(/record: \d+ sessions, \d+ of them \d+ events behind/);
    expect(stdout).toMatch(/server: .* answers in \d+ ms/);
    expect([0, 1]).toContain(code);
  });

  test("LM15 tells of a record that was put back to an earlier time", async () => {
    const name = await grown(2);
    const database = await here.server.d1("SESSILE_RECORD");
    // What is still on its way would put it right again.
    await until(async () => {
      const { results } = await database
        .prepare(
          "SELECT 1 FROM sessile_sessions WHERE sessionId = ?1 AND recordedSeq = lastSeq AND lastSeq >= ?2",
        )
        .bind(`diary/${name}`, (await here.get(`diary/${name}`)).body.lastSeq)
        .all();
      return results.length === 1;
    });
    await database
      .prepare("UPDATE sessile_sessions SET recordedSeq = 1, lastSeq = 1 WHERE sessionId = ?1")
      .bind(`diary/${name}`)
      .all();
    const { stdout } = await sessile("doctor", "--dir", here.server.dir);
    expect(stdout).toContain(
      `warn  record: 1 sessions know of events that it once held and lacks now, such as diary/${name}`,
    );
  });

  test("a folder that is not there is bad, exit 1", async () => {
    const { code, stdout } = await sessile("doctor", "--dir", join(dirname(folder), "no-such-folder"));
    expect([code, stdout]).toEqual([1, expect.stringContaining("bad   folder:")]);
  });
});
