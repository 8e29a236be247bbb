import { createReadStream, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  type Alert,
  correlate,
  fold,
  type IncidentSummary,
  investigate,
  readAlerts,
  telemetryKey,
  telemetryKeysOf,
} from "./index.ts";

/** Public captures, checked where they lie beside the repository: first.org 2015 and honeypot alerts, three Mordor data sets. */
const folder = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));
const lsass = "windows/psh_lsass_memory_dump_comsvcs_2020-10-18T19500924.json";
const bitsadmin = "windows/cmd_bitsadmin_download_psh_script_2020-10-2302365189.json";
const covenant = "windows/covenant_copy_smb_CreateRequest_2020-09-22145302.json";

async function ingest(file: string, known = new Set<string>()) {
  const alerts: Alert[] = [];
  const counts = { records: 0, rejected: 0, duplicates: 0 };
  for await (const { alert } of readAlerts(createReadStream(folder + file, { highWaterMark: 4099 }))) {
    counts.records++;
    if (alert === undefined) counts.rejected++;
    else if (known.has(alert.hash)) counts.duplicates++;
    else {
      known.add(alert.hash);
      alerts.push(alert);
    }
  }
  return { alerts, counts, known };
}

function incidents(
  alerts: readonly Alert[],
): ReadonlyMap<string, { summary: IncidentSummary; alerts: readonly Alert[] }> {
  const grouped = new Map<string, { summary: IncidentSummary; alerts: Alert[] }>();
  for (const alert of alerts) {
    const name = correlate(alert)?.name ?? "";
    const known = grouped.get(name);
    const summary = fold(known?.summary, [alert]);
    if (summary !== undefined) grouped.set(name, { summary, alerts: [...(known?.alerts ?? []), alert] });
  }
  return grouped;
}

async function investigateOnly(file: string) {
  const { alerts } = await ingest(file);
  const [only, ...more] = incidents(alerts).values();
  expect(more).toEqual([]);
  if (only === undefined) throw new Error("no incident");
  const keys = new Set(telemetryKeysOf(only.summary));
  const evidence = alerts.filter((alert) => alert.kind === "alert" || keys.has(telemetryKey(alert) ?? ""));
  return { ...only, evidence, ...(await investigate({ incident: only.summary, alerts: evidence })) };
}

describe.skipIf(!existsSync(folder))("real data", () => {
  it.each([
    ["suricata/first-org-conf-2015.json", 136, 0],
    ["suricata/honeypot-2018.json", 44, 0],
    [bitsadmin, 424, 29],
    [covenant, 506, 0],
    [lsass, 184, 9],
  ])(
    "%s: every record accepted, exact duplicates found, all of them the second time",
    async (file, records, duplicates) => {
      const first = await ingest(file);
      expect(first.counts).toEqual({ records, rejected: 0, duplicates });
      expect((await ingest(file, first.known)).counts).toEqual({ records, rejected: 0, duplicates: records });
    },
  );

  it("groups the conference's alerts into a readable number of incidents", async () => {
    const { alerts } = await ingest("suricata/first-org-conf-2015.json");
    const sizes = [...incidents(alerts).values()]
      .map(({ summary }) => summary.alertCount)
      .sort((a, b) => b - a);
    expect(sizes[0]).toBe(54);
    expect(sizes.length).toBeLessThan(50);
    expect(incidents((await ingest("suricata/honeypot-2018.json")).alerts).size).toBe(3);
  });

  it("rates the memory dump critical and cites its command line", async () => {
    const { summary, card, evidence } = await investigateOnly(lsass);
    expect(summary).toMatchObject({ severity: "critical", type: "credential-access" });
    expect(card).toMatchObject({ severity: "critical", type: "credential-access", missing: [] });
    expect(card.keyFindings[0]?.citations[0]).toMatchObject({
      field: "CommandLine",
      excerpt: expect.stringMatching(/comsvcs\.dll MiniDump/),
    });
    expect(evidence.length).toBe(175);
  });

  it("cites the address of the bitsadmin download", async () => {
    const { summary, card } = await investigateOnly(bitsadmin);
    expect(summary.title).toMatch(/bitsadmin/);
    const urls = card.keyFindings
      .flatMap((finding) => finding.citations.map((citation) => citation.excerpt))
      .filter((excerpt) => /https:\/\/\S+/.test(excerpt));
    expect(urls.length).toBeGreaterThan(0);
  });

  it("sees the executable copied over SMB", async () => {
    expect((await investigateOnly(covenant)).summary).toMatchObject({
      severity: "high",
      type: "unauthorised-access",
      alertCount: 3,
    });
  });
});
