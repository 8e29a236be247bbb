import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "sessile/client";
import { describe, expect, test } from "vitest";
import type { AlertPage, IncidentDetail, IncidentRow } from "../src/contract/api.ts";
import type { EvidenceQuery, IncidentDocument } from "../src/contract/session.ts";
import { checkIns } from "./fixtures/stories.ts";
import { serveElsewhere, type TriageProcess } from "./fixtures/triage-process.ts";
import { cookieSocket, problemOf, Triage } from "./fixtures/triage-server.ts";

const data = new URL("../../../../shared/data/", import.meta.url);
const scripted = "./scripted-worker.ts";
const analyserNames = ["command-line", "identity", "network", "activity"];

interface Logged {
  readonly seq: number;
  readonly type: string;
  readonly actor: { readonly name?: string } | null;
  readonly payload: Record<string, unknown> & { readonly hashes?: readonly string[] };
}

async function opened(triage: Triage, body: BodyInit): Promise<IncidentRow> {
  await triage.signIn("Ada");
  await triage.ingest(body);
  const [incident] = await triage.incidents("&sort=-alerts");
  if (!incident) throw new Error("no incident");
  return incident;
}

async function logOf(triage: Triage, name: string): Promise<Logged[]> {
  const events: Logged[] = [];
  for (;;) {
    const after = events.at(-1)?.seq ?? 0;
    const page = await triage.get<{ items: Logged[]; hasMore: boolean }>(
      `/v1/sessions/incident/${name}/events?after=${after}&limit=1000`,
    );
    events.push(...page.items);
    if (!page.hasMore) return events;
  }
}

async function evidenceOf(triage: Triage, name: string, query: EvidenceQuery): Promise<AlertPage> {
  const answer = await (await triage.call(name, "evidence", query)).json();
  return (answer as { readonly result: AlertPage }).result;
}

async function investigated(triage: Triage, name: string) {
  expect((await triage.call(name, "startInvestigation")).status).toBe(200);
  return triage.until(name, ({ status }) => status === "triaged");
}

function expectWhole(events: readonly Logged[], alerts: number): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const hashes = events.flatMap(({ type, payload }) =>
    type === "alerts.attached" && payload.kind === undefined ? (payload.hashes ?? []) : [],
  );
  expect(hashes.length).toBe(alerts);
  expect(new Set(hashes).size).toBe(alerts);
}

describe("an incident's session", () => {
  test("opening takes every alert into its log, 500 an event, and shows each of them", async () => {
    await using triage = await Triage.start();
    const { name, title } = await opened(triage, checkIns(3200));
    const view = await triage.until(name, ({ state }) => state.alerts.total === 3200);
    expect(view).toMatchObject({ status: "new", state: { title, severity: "high" } });
    const events = await logOf(triage, name);
    expectWhole(events, 3200);
    expect(Math.max(...events.map(({ payload }) => payload?.hashes?.length ?? 0))).toBe(500);
    const shown = new Set<string>();
    let cursor: string | null = null;
    do {
      const query: EvidenceQuery = { limit: 500, ...(cursor === null ? {} : { cursor }) };
      const page: AlertPage = await evidenceOf(triage, name, query);
      expect(page.total).toBe(3200);
      for (const { hash } of page.items) shown.add(hash);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(shown.size).toBe(3200);
    const [hash] = shown;
    expect(await triage.get(`/incident/${name}/evidence/${hash}`)).toMatchObject({ event_type: "alert" });
  });

  test("alerts that come later are taken in live", async () => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, checkIns(10));
    await triage.until(name, ({ state }) => state.alerts.total === 10);
    await triage.ingest(checkIns(700));
    await triage.until(name, ({ state }) => state.alerts.total === 700);
    expectWhole(await logOf(triage, name), 700);
  });

  test("telemetry that comes later is there on the next visit, and records from before 1970 are listed too", async () => {
    await using triage = await Triage.start();
    const old = checkIns(11).replaceAll('"2026-', '"1969-').split("\n");
    const { name } = await opened(triage, old.slice(0, 10).join("\n"));
    await expect.poll(async () => (await triage.view(name)).state.alerts.total).toBe(10);
    await triage.ingest((old[10] ?? "").replace('"event_type":"alert"', '"event_type":"flow"'));
    await triage.server.evict("SIRTSession", name);
    await expect.poll(async () => (await evidenceOf(triage, name, {})).total).toBe(11);
    const { items } = await evidenceOf(triage, name, {});
    expect(items.map(({ kind }) => kind)).toEqual([...Array(10).fill("alert"), "telemetry"]);
  });

  test.each(["*/*", "application/x-ndjson"])(
    "of an upload that is cut off, what came before is taken in live (accept: %s)",
    async (accept) => {
      await using triage = await Triage.start();
      const hosts = ["10.20.0.9", "10.20.0.10"];
      const names: string[] = [];
      for (const host of hosts) {
        const { incidents } = await triage.ingest(checkIns(10, host));
        const [name = ""] = incidents;
        await triage.until(name, ({ state }) => state.alerts.total === 10);
        names.push(name);
      }
      const leaving = new AbortController();
      // Two batches, one right after the other, and some of a third.
      const lines = `${hosts.map((host) => checkIns(1000, host)).join("\n")}\n`;
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(lines)),
      });
      const init = { method: "POST", body, duplex: "half", signal: leaving.signal, headers: { accept } };
      const sent = triage.fetch("/api/alerts", init as RequestInit).then((answer) => answer.text());
      const [, last = ""] = names;
      const listed = async () => (await triage.get<IncidentDetail>(`/api/incidents/${last}`)).incident.alerts;
      await expect.poll(listed).toBeGreaterThan(10);
      leaving.abort();
      await expect(sent).rejects.toThrow();
      await expect.poll(listed).toBe(1000);
      // Not by waiting for events: whoever connects makes the session look.
      await expect.poll(async () => (await triage.view(last)).state.alerts.total).toBe(1000);
    },
  );

  test("a name that no alert led to opens nothing", async () => {
    await using triage = await Triage.start();
    const response = await triage.fetch("/v1/sessions/incident/inc-nothing");
    expect(response.status).toBe(404);
    expect(await problemOf(response)).toMatchObject({ code: "not_found" });
  });

  test("who has not picked a name may read and not work; only the operator may reset", async () => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, checkIns(3));
    const nobody = Triage.at(triage.url);
    expect((await nobody.view(name)).status).toBe("new");
    expect((await nobody.call(name, "startInvestigation")).status).toBe(401);
    expect((await triage.fetch(`/v1/sessions/incident/${name}/reset`, { method: "POST" })).status).toBe(403);
    const state = await triage.fetch(`/v1/sessions/incident/${name}/state`, { method: "PUT", body: "{}" });
    expect(state.status).toBe(403);
    const headers = { "sessile-operator": triage.server.operatorToken ?? "" };
    const reset = await triage.fetch(`/v1/sessions/incident/${name}/reset`, { method: "POST", headers });
    expect(reset.status).toBe(200);
  });
});

describe("an investigation", () => {
  test("goes from new to triaged with a card, a plan and who and when", async () => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, checkIns(40));
    const { state } = await investigated(triage, name);
    expect(state.started).toMatchObject({ by: "Ada" });
    expect(state.triaged?.at).toBeGreaterThanOrEqual(state.started?.at ?? Number.POSITIVE_INFINITY);
    expect(Object.keys(state.analysers).sort()).toEqual([...analyserNames].sort());
    expect(Object.values(state.analysers).map(({ status }) => status)).toEqual(Array(4).fill("done"));
    expect(state.card).toMatchObject({ severity: "high", type: "malware", missing: [] });
    expect(state.plan?.length).toBeGreaterThan(0);
    expect(new Set(state.plan?.map(({ gateId }) => gateId)).size).toBe(state.plan?.length);
    const events = await logOf(triage, name);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === "analysis.completed")).toHaveLength(4);
    expect(types.filter((type) => type === "gate.opened")).toHaveLength(state.plan?.length ?? 0);
    expect(events.find(({ type }) => type === "investigation.started")?.actor).toMatchObject({ name: "Ada" });
    await untilListed(triage, "triaged", name);
    expect((await triage.call(name, "startInvestigation")).status).toBe(409);
  });

  test("starts when somebody opens the incident, if it is set so", async () => {
    await using triage = await Triage.start({ vars: { START_ON: "open" } });
    const { name } = await opened(triage, checkIns(5));
    expect((await triage.view(name)).status).toBe("new");
    const client = connect<{ readonly initialState: IncidentDocument }>({
      url: triage.url,
      kind: "incident",
      name,
      WebSocket: cookieSocket(triage.cookie),
    });
    const { state } = await triage.until(name, ({ status }) => status === "triaged");
    expect(state.started).toMatchObject({ by: "Ada" });
    client.close();
  });

  test("one analyser that fails does not stop the rest, and can be tried again", async () => {
    await using triage = await Triage.start({ entry: scripted, vars: { FAILS: "network" } });
    const { name } = await opened(triage, checkIns(20));
    const { state } = await investigated(triage, name);
    expect(state.analysers.network).toMatchObject({ status: "failed", error: "no answer from the model" });
    expect(state.analysers["command-line"]).toMatchObject({ status: "done" });
    expect(state.card?.missing).toEqual(["network"]);
    expect((await triage.call(name, "retryAnalysis", "activity")).status).toBe(409);
    await triage.call(name, "addNote", "healed");
    expect((await triage.call(name, "retryAnalysis", "network")).status).toBe(200);
    const after = await triage.until(name, (view) => view.state.card?.missing.length === 0);
    expect(after.state.analysers.network).toMatchObject({ status: "done" });
    expect(after.status).toBe("triaged");
    expect(after.state.card?.confidence).toBeGreaterThan(state.card?.confidence ?? 1);
  });

  test("an eviction in the middle changes nothing: it goes on with what was not done", async () => {
    await using triage = await Triage.start({ entry: scripted, vars: { SLOW_MS: "250" } });
    const { name } = await opened(triage, checkIns(600));
    await triage.call(name, "startInvestigation");
    await triage.until(name, ({ state }) => state.analysers["command-line"]?.status === "done");
    await triage.server.evict("SIRTSession", name);
    await triage.until(name, ({ status }) => status === "triaged");
    expectContinued(await logOf(triage, name), 600);
  });

  test("a SIGKILL of the whole server in the middle loses nothing and repeats nothing", {
    timeout: 60_000,
  }, async () => {
    const dir = mkdtempSync(join(tmpdir(), "sessile-kill-"));
    const vars = { SLOW_MS: "400" };
    let serving: TriageProcess | null = null;
    try {
      serving = await serveElsewhere(dir, vars);
      const { name } = await opened(serving.triage, checkIns(2000));
      await serving.triage.call(name, "startInvestigation");
      const before = await serving.triage.until(
        name,
        ({ state }) => state.analysers.identity?.status === "done",
      );
      await serving.kill();
      serving = await serveElsewhere(dir, vars);
      const { triage } = serving;
      // Nobody asks: the alarm that stood while work ran wakes the session by itself, and the queue shows the outcome.
      await untilListed(triage, "triaged", name);
      const after = await triage.view(name);
      expect(after.lastSeq).toBeGreaterThan(before.lastSeq);
      expect(after.state.analysers.identity).toEqual(before.state.analysers.identity);
      expectContinued(await logOf(triage, name), 2000);
    } finally {
      await serving?.kill();
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
    }
  });
});

function expectContinued(events: readonly Logged[], alerts: number): void {
  expectWhole(events, alerts);
  const completed = events
    .filter(({ type }) => type === "analysis.completed")
    .map(({ payload }) => payload.analyser);
  expect([...completed].sort()).toEqual([...analyserNames].sort());
  for (const once of ["card.synthesised", "plan.proposed", "investigation.started"])
    expect(events.filter(({ type }) => type === once)).toHaveLength(1);
}

/** The queue follows the session within moments. */
async function untilListed(triage: Triage, status: string, name: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const rows = await triage.incidents(`&status=${status}`);
    if (rows.some((row) => row.name === name)) return;
    if (Date.now() > deadline) throw new Error(`not listed as ${status} in time`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe("people at work", () => {
  test("notes are edited by compare and set", async () => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, checkIns(2));
    const noteId = ((await (await triage.call(name, "addNote", "first")).json()) as { result: string })
      .result;
    const bea = await Triage.at(triage.url).signIn("Bea");
    expect((await bea.call(name, "editNote", noteId, 1, "second")).status).toBe(200);
    const late = await triage.call(name, "editNote", noteId, 1, "third");
    expect(late.status).toBe(409);
    expect(await problemOf(late)).toMatchObject({ code: "conflict", currentVersion: 2 });
    expect((await triage.call(name, "addNote", "  ")).status).toBe(400);
    const { state } = await triage.view(name);
    expect(state.notes).toEqual([
      {
        id: noteId,
        text: "second",
        version: 2,
        created: { by: "Ada", at: expect.any(Number) },
        edited: { by: "Bea", at: expect.any(Number) },
      },
    ]);
  });

  test("every action is decided once, by its gate or by name, with who, when and why", async () => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, checkIns(30));
    const { state } = await investigated(triage, name);
    const [first, second] = state.plan ?? [];
    if (!first || !second) throw new Error("the plan is too short");
    expect((await triage.call(name, "decideAction", first.id, "approved", "go")).status).toBe(200);
    const bea = await Triage.at(triage.url).signIn("Bea");
    const answered = await bea.fetch(
      `/v1/sessions/incident/${name}/gates/${encodeURIComponent(second.gateId)}`,
      {
        method: "POST",
        body: JSON.stringify({ answer: "reject" }),
        headers: { "content-type": "application/json" },
      },
    );
    expect(answered.status).toBe(200);
    const again = await bea.call(name, "decideAction", first.id, "rejected", "");
    expect(again.status).toBe(409);
    expect(await problemOf(again)).toMatchObject({ code: "gate_closed" });
    const { state: after } = await triage.view(name);
    expect(after.plan?.[0]).toMatchObject({ decision: "approved", decided: { by: "Ada" }, comment: "go" });
    expect(after.plan?.[1]).toMatchObject({ decision: "rejected", decided: { by: "Bea" }, comment: null });
  });

  test("a recorded decision closes for good, and what nobody decided lapses", async () => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, checkIns(30));
    expect((await triage.call(name, "recordDecision", "noise", "")).status).toBe(409);
    const { state } = await investigated(triage, name);
    const [first] = state.plan ?? [];
    expect((await triage.call(name, "recordDecision", " ", "")).status).toBe(400);
    expect((await triage.call(name, "recordDecision", "Contained", "host rebuilt")).status).toBe(200);
    const view = await triage.view(name);
    expect(view.status).toBe("closed");
    expect(view.state.closed).toMatchObject({ by: "Ada", decision: "Contained", comment: "host rebuilt" });
    expect(view.state.plan?.every(({ decision }) => decision === "expired")).toBe(true);
    expect((await triage.call(name, "recordDecision", "again", "")).status).toBe(409);
    expect((await triage.call(name, "startInvestigation")).status).toBe(409);
    expect((await triage.call(name, "decideAction", first?.id, "approved", "")).status).toBe(409);
    const status = await triage.fetch(`/v1/sessions/incident/${name}/status`, {
      method: "POST",
      body: JSON.stringify({ to: "new" }),
      headers: { "content-type": "application/json" },
    });
    expect(status.status).toBe(403);
    await untilListed(triage, "closed", name);
  });

  test("open lists hear of a change of status", async () => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, checkIns(4));
    const socket = new WebSocket(`${triage.url.replace("http", "ws")}/api/feed`);
    const heard = new Promise<string>((resolve) => {
      socket.onmessage = ({ data: text }) => {
        const { changes } = JSON.parse(String(text)) as { changes: { name: string; status: string }[] };
        if (changes.some((change) => change.name === name && change.status === "triaged")) resolve(name);
      };
    });
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    await investigated(triage, name);
    expect(await heard).toBe(name);
    socket.close();
  });
});

describe.skipIf(!existsSync(data))("real incidents make sense", () => {
  test.each([
    ["windows/psh_lsass_memory_dump_comsvcs_2020-10-18T19500924.json", "critical", "comsvcs.dll MiniDump"],
    [
      "windows/cmd_bitsadmin_download_psh_script_2020-10-2302365189.json",
      "high",
      "https://raw.githubusercontent.com/",
    ],
  ])("%s is %s and cites %s", async (file, severity, cited) => {
    await using triage = await Triage.start();
    const { name } = await opened(triage, readFileSync(new URL(file, data)));
    const { state } = await investigated(triage, name);
    expect(state.card?.severity).toBe(severity);
    const excerpts =
      state.card?.reasons.flatMap(({ citations }) => citations.map(({ excerpt }) => excerpt)) ?? [];
    expect(excerpts.some((excerpt) => excerpt.includes(cited))).toBe(true);
  });
});
