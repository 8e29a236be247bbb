import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstStartNdjson } from "../samples/first-start.ts";
import { generateAlerts } from "../samples/generate.ts";
import type { IncidentDetail, IncidentPage, IngestAnswer, QueueSummary } from "../src/contract/api.ts";
import { checkIns } from "./fixtures/stories.ts";
import { problemOf, Triage } from "./fixtures/triage-server.ts";

const data = new URL("../../../../shared/data/", import.meta.url);
const ndjson = (count: number, seed = 1): string => `${[...generateAlerts({ count, seed })].join("\n")}\n`;
const totalOf = ({ accepted, duplicates, rejectedTotal }: IngestAnswer): number =>
  accepted + duplicates + rejectedTotal;

/** Of those that are refused. */
let untouched: Triage;
beforeAll(async () => {
  untouched = await Triage.start();
});
afterAll(() => untouched?.[Symbol.asyncDispose]());

describe("taking alerts in", () => {
  test("each record is counted once: accepted, duplicate or rejected", async () => {
    await using triage = await Triage.start();
    const lines = ndjson(300).trimEnd().split("\n");
    const first = await triage.ingest([...lines, "not json", '{"event_type":"alert"}', lines[0]].join("\n"));
    expect(first).toMatchObject({ accepted: 300, duplicates: 1, rejectedTotal: 2 });
    expect(first.rejected.map(({ position }) => position)).toEqual([301, 302]);
    expect(first.rejected.every(({ reason }) => reason.length > 0)).toBe(true);
    expect(totalOf(first)).toBe(303);
    const again = await triage.ingest(`[${lines.join(",\n")}]`);
    expect(again).toMatchObject({ accepted: 0, duplicates: 300, rejectedTotal: 0, incidentsTotal: 0 });
  });

  test("a few new records among many known ones are taken, and only they are counted in their incidents", async () => {
    await using triage = await Triage.start();
    const lines = ndjson(2500).trimEnd().split("\n");
    await triage.ingest(lines.filter((_, index) => index % 7 !== 0).join("\n"));
    const rest = await triage.ingest(lines.join("\n"));
    expect(rest.accepted).toBe(Math.ceil(2500 / 7));
    await using fresh = await Triage.start();
    await fresh.ingest(lines.join("\n"));
    expect(await rowsOf(triage)).toEqual(await rowsOf(fresh));
  });

  test("concurrent uploads in any order give the same incidents and count every record once", async () => {
    await using one = await Triage.start();
    await using many = await Triage.start();
    const lines = ndjson(4000).trimEnd().split("\n");
    await one.ingest(lines.join("\n"));
    const parts = [0, 1, 2, 3].map((part) => {
      const shuffled = lines.filter((_, index) => index % 4 === part || index % 5 === part);
      return part % 2 === 0 ? shuffled : shuffled.reverse();
    });
    const answers = await Promise.all(parts.map((part) => many.ingest(part.join("\n"))));
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(4000);
    expect(answers.map(totalOf)).toEqual(parts.map((part) => part.length));
    expect(await rowsOf(many)).toEqual(await rowsOf(one));
  });

  test("progress comes line by line, and gzip is unpacked", async () => {
    await using triage = await Triage.start();
    const response = await triage.fetch("/api/alerts", {
      method: "POST",
      headers: { accept: "application/x-ndjson", "content-encoding": "gzip" },
      body: gzipSync(ndjson(3000)),
    });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const lines = (await response.text())
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ t: "progress", rejected: 0 });
    expect(lines.at(-1)).toMatchObject({ t: "done", accepted: 3000, duplicates: 0, rejectedTotal: 0 });
  });

  test.each([
    ["an empty body", { body: "" }, 400, "bad_request"],
    ["white space", { body: " \n\n" }, 400, "bad_request"],
    ["a form with files", { body: new FormData() }, 415, "unsupported_media_type"],
    [
      "an unknown encoding",
      { body: "x", headers: { "content-encoding": "br" } },
      415,
      "unsupported_media_type",
    ],
  ])("%s is refused with a problem that says what to do", async (_, init, status, code) => {
    const response = await untouched.fetch("/api/alerts", { method: "POST", ...(init as RequestInit) });
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ code, status });
  });

  test("telemetry is kept as evidence and opens no incident", async () => {
    await using triage = await Triage.start();
    const telemetry = [...generateAlerts({ count: 800 })].filter((_, serial) => serial % 8 === 7);
    const answer = await triage.ingest(telemetry.join("\n"));
    expect(answer).toMatchObject({ accepted: 100, incidentsTotal: 0 });
    expect(await triage.incidents()).toEqual([]);
  });

  test("a record is shown as it came in", async () => {
    await using triage = await Triage.start();
    const [generated = ""] = generateAlerts({ count: 1 });
    const line = generated.replace("{", '{"mask":-9223372036854775808,');
    await triage.ingest(line);
    const [incident] = await triage.incidents();
    const page = await triage.get<{ items: { hash: string }[]; total: number }>(
      `/api/incidents/${incident?.name}/alerts`,
    );
    expect(page).toMatchObject({ total: 1, items: [{ kind: "alert" }] });
    const hash = page.items[0]?.hash ?? "";
    expect(await (await triage.fetch(`/api/alerts/${hash}`)).text()).toBe(`{"hash":"${hash}","raw":${line}}`);
    expect((await triage.fetch("/api/alerts/unknown")).status).toBe(404);
  });
});

describe("the queue", () => {
  test("pages of every order hold each incident once, in order, and filters agree with the counters", async () => {
    await using triage = await Triage.start();
    await triage.ingest(ndjson(3000));
    const all = await triage.get<IncidentPage>("/api/incidents?limit=500");
    expect(all.total).toBeGreaterThan(100);
    for (const sort of ["-severity", "-lastAt", "lastAt", "-alerts", "-updatedAt", "title"]) {
      const names: string[] = [];
      let cursor = "";
      do {
        const page: IncidentPage = await triage.get(`/api/incidents?sort=${sort}&limit=37&cursor=${cursor}`);
        names.push(...page.items.map(({ name }) => name));
        cursor = page.nextCursor ?? "";
        expect(page.hasMore).toBe(cursor !== "");
      } while (cursor !== "");
      expect(new Set(names).size, sort).toBe(all.total);
      expect(names.length, sort).toBe(all.total);
    }
    const byAlerts = (await triage.get<IncidentPage>("/api/incidents?sort=-alerts")).items;
    expect(byAlerts.map(({ alerts }) => alerts)).toEqual(
      byAlerts.map(({ alerts }) => alerts).sort((a, b) => b - a),
    );
    const summary = await triage.get<QueueSummary>("/api/summary");
    expect(summary.byStatus.new).toBe(all.total);
    expect(summary.arrivals.length).toBeLessThanOrEqual(60);
    expect(arrivedIn(summary)).toBe(all.total);
    for (const [severity, count] of Object.entries(summary.bySeverity)) {
      const page = await triage.get<IncidentPage>(`/api/incidents?severity=${severity}&limit=1`);
      expect(page.total, severity).toBe(count);
    }
  });

  test("a list goes on behind titles that fold into very many letters", async () => {
    await using triage = await Triage.start();
    const signature = JSON.stringify("\uFDFA".repeat(160));
    const long = (host: string) => checkIns(1, host).replace(/"LOCAL[^"]*"/, signature);
    await triage.ingest([long("10.20.0.9"), long("10.20.0.10")].join("\n"));
    const first = await triage.get<IncidentPage>("/api/incidents?sort=title&limit=1");
    expect(first.nextCursor?.length).toBeGreaterThan(4096);
    const next = `/api/incidents?sort=title&limit=1&cursor=${first.nextCursor}`;
    expect(await triage.get(next)).toMatchObject({ hasMore: false, items: [{ alerts: 1 }] });
  });

  test("a search finds words of the title and shared facts", async () => {
    await using triage = await Triage.start();
    await triage.ingest(firstStartNdjson());
    const [incident] = await triage.incidents();
    const words = (incident?.title ?? "").split(" ").slice(0, 2).join(" ").toUpperCase();
    const found = await triage.incidents(`&q=${encodeURIComponent(words)}`);
    expect(found.map(({ name }) => name)).toContain(incident?.name);
    expect(await triage.incidents("&q=nothinglikethis")).toEqual([]);
    const summary = await triage.get<QueueSummary>(`/api/summary?q=${encodeURIComponent(words)}`);
    expect(Object.values(summary.byStatus).reduce((sum, count) => sum + count, 0)).toBe(found.length);
    expect(arrivedIn(summary)).toBe(found.length);
    const { why } = await triage.get<IncidentDetail>(`/api/incidents/${incident?.name}`);
    expect(why.sentence).toContain("same");
    expect(why.to).toBeGreaterThan(why.from);
  });

  test.each([
    ["sort=up", "sort"],
    ["limit=0", "limit"],
    ["limit=501", "limit"],
    ["status=open", "status"],
    ["severity=worst", "severity"],
    ["cursor=abc", "cursor"],
  ])("%s is refused and names the field", async (query, field) => {
    const response = await untouched.fetch(`/api/incidents?${query}`);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code: "bad_request", field });
  });
});

test("on D1 alone it takes alerts in, lists and shows them, and says what is off", async () => {
  await using triage = await Triage.start({ withoutObjects: true, vars: { STATE: "state-2-d1" } });
  expect(await triage.get("/api/config")).toMatchObject({
    state: "state-2-d1",
    off: [expect.stringContaining("Sessions are off")],
  });
  const answer = (await (await triage.fetch("/api/sample", { method: "POST" })).json()) as IngestAnswer;
  expect(answer.accepted).toBe(firstStartNdjson().trimEnd().split("\n").length);
  const incidents = await triage.incidents();
  expect(incidents.length).toBe(answer.incidentsTotal);
  for (const { name, alerts } of incidents) {
    expect((await triage.get<IncidentDetail>(`/api/incidents/${name}`)).incident.status).toBe("new");
    expect((await triage.get<{ total: number }>(`/api/incidents/${name}/alerts`)).total).toBe(alerts);
    const telemetry = await triage.fetch(`/api/incidents/${name}/alerts?kind=telemetry`);
    expect(telemetry.status).toBe(200);
  }
  const refused = await triage.fetch(`/v1/sessions/incident/${incidents[0]?.name}`);
  expect(refused.status).toBe(501);
  expect(await problemOf(refused)).toMatchObject({ code: "not_configured" });
});

test("twenty thousand alerts go in at once, and the queue shows what has the most of them first", async () => {
  await using triage = await Triage.start();
  const body = ndjson(20_000);
  expect(await triage.ingest(body)).toMatchObject({ accepted: 20_000, duplicates: 0, rejectedTotal: 0 });
  const counts = (await triage.incidents("&sort=-alerts")).map(({ alerts }) => alerts);
  expect(counts[0]).toBeGreaterThan(100);
  expect(counts).toEqual(counts.toSorted((one, other) => other - one));
});

describe.skipIf(!existsSync(data))("real alerts", () => {
  test.each([
    ["suricata/first-org-conf-2015.json", null, 0],
    ["suricata/honeypot-2018.json", null, 0],
    ["windows/cmd_bitsadmin_download_psh_script_2020-10-2302365189.json", 424, 29],
    ["windows/covenant_copy_smb_CreateRequest_2020-09-22145302.json", 506, 0],
    ["windows/psh_lsass_memory_dump_comsvcs_2020-10-18T19500924.json", 184, 9],
  ])("%s is accepted whole, and again it is all duplicates", async (file, records, repeated) => {
    await using triage = await Triage.start();
    const body = readFileSync(new URL(file, data));
    const first = await triage.ingest(body);
    expect(first).toMatchObject({ duplicates: repeated, rejectedTotal: 0 });
    if (records !== null) expect(totalOf(first)).toBe(records);
    expect(await triage.ingest(body)).toMatchObject({
      accepted: 0,
      duplicates: totalOf(first),
      rejectedTotal: 0,
    });
  });
});

function arrivedIn({ arrivals }: QueueSummary): number {
  return arrivals.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
}

async function rowsOf(triage: Triage): Promise<unknown[]> {
  const rows = await triage.incidents("&sort=title");
  return rows.map(({ updatedAt: _when, ...row }) => row);
}
