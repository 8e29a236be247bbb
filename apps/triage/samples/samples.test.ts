import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type Alert,
  analysers,
  correlate,
  fold,
  type IncidentSummary,
  investigate,
  readAlerts,
  telemetryKey,
  telemetryKeysOf,
} from "../src/domain/index.ts";
import { firstStartNdjson } from "./first-start.ts";
import { generateAlerts, generateChunks } from "./generate.ts";

interface Story {
  summary: IncidentSummary;
  alerts: Alert[];
}

async function incidentsOf(
  chunks: Iterable<Uint8Array>,
): Promise<{ stories: Story[]; telemetry: Alert[]; rejected: number }> {
  const stories = new Map<string, Story>();
  const telemetry: Alert[] = [];
  let rejected = 0;
  for await (const { alert } of readAlerts(chunks)) {
    const correlation = alert === undefined ? undefined : correlate(alert);
    if (alert === undefined) rejected++;
    else if (correlation === undefined) telemetry.push(alert);
    else {
      const story = stories.get(correlation.key);
      const summary = fold(story?.summary, [alert]);
      if (summary !== undefined)
        stories.set(correlation.key, { summary, alerts: [...(story?.alerts ?? []), alert] });
    }
  }
  return { stories: [...stories.values()], telemetry, rejected };
}

describe("the sample of a first start", () => {
  const file = readFileSync(new URL("./first-start.ndjson", import.meta.url), "utf8");

  it("is what first-start.ts makes (write its text to the file after a change)", () => {
    expect(file).toBe(firstStartNdjson());
  });

  it("uses only addresses and names kept for documentation or private use", () => {
    for (const [ip] of file.matchAll(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g))
      expect(ip).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113|10\.20)\./);
    for (const [, name] of file.matchAll(/\b[\w-]+\.(example\.\w+|\w+\.(?:com|net|org))\b/g))
      expect(name).toMatch(/^example\./);
  });

  it("tells eight different stories", async () => {
    const { stories, telemetry, rejected } = await incidentsOf([new TextEncoder().encode(file)]);
    expect(rejected).toBe(0);
    expect(telemetry.length).toBeGreaterThan(10);
    expect(stories.map(({ summary }) => `${summary.severity} ${summary.type}`).sort()).toEqual([
      "critical credential-access",
      "high malware",
      "high phishing",
      "high suspected-exfiltration",
      "high unauthorised-access",
      "low reconnaissance",
      "medium credential-access",
      "medium policy-violation",
    ]);
  });

  it("is understood by the analysers", async () => {
    const { stories, telemetry } = await incidentsOf([new TextEncoder().encode(file)]);
    const found = new Map<string, readonly string[]>();
    for (const { summary, alerts } of stories) {
      const keys = new Set(telemetryKeysOf(summary));
      const nearby = telemetry.filter((alert) => keys.has(telemetryKey(alert) ?? ""));
      const { outcomes, card } = await investigate({ incident: summary, alerts: [...alerts, ...nearby] });
      expect(card.missing).toEqual([]);
      found.set(
        summary.title,
        outcomes.flatMap(
          ({ result }) => result?.findings.map((finding) => finding.id.split(":")[0] ?? "") ?? [],
        ),
      );
    }
    const of = (title: string) => [...found].find(([key]) => key.includes(title))?.[1];
    expect(of("LSASS")).toEqual(
      expect.arrayContaining([
        "lsass-dump-comsvcs",
        "encoded-command",
        "url",
        "security-log-cleared",
        "stages",
      ]),
    );
    expect(of("check-in")).toContain("beacon");
    expect(of("SSH")).toContain("guessing");
    expect(of("exfiltration")).toContain("volume");
    expect(of("administrative share")).toEqual(
      expect.arrayContaining(["service-installed", "security-log-cleared"]),
    );
  });
});

describe("the generator", () => {
  it("makes the same records for the same seed, all different", () => {
    const lines = [...generateAlerts({ count: 500, seed: 7 })];
    expect([...generateAlerts({ count: 500, seed: 7 })]).toEqual(lines);
    expect([...generateAlerts({ count: 500, seed: 8 })]).not.toEqual(lines);
    expect(new Set(lines).size).toBe(500);
  });

  it("makes many incidents of varied sizes and one large one, and every record is accepted", async () => {
    const { stories, telemetry, rejected } = await incidentsOf(generateChunks({ count: 6000 }));
    const sizes = stories.map(({ summary }) => summary.alertCount).sort((a, b) => b - a);
    expect(rejected).toBe(0);
    expect(telemetry.length).toBe(750);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5250);
    expect(sizes[0]).toBeGreaterThan(700);
    expect(sizes.length).toBeGreaterThan(100);
    expect(sizes.at(-1)).toBeLessThan(20);
  });
});

describe("the analysers", () => {
  it("go through 200,000 alerts once, in seconds", async () => {
    const alerts: Alert[] = [];
    for await (const { alert } of readAlerts(generateChunks({ count: 2000 })))
      if (alert !== undefined) alerts.push(alert);
    for (const analyser of analysers) {
      let passes = 0;
      const evidence = {
        [Symbol.iterator]: function* () {
          passes++;
          // The same 2,000 a hundred times, each time a minute later.
          for (let round = 0; round < 100; round++)
            for (const alert of alerts) yield { ...alert, at: alert.at + round * 60_000 };
        },
      };
      const incident = {
        title: "",
        severity: "low",
        type: "malware",
        actors: { hosts: [], ips: [], users: [] },
      } as const;
      // Processor time, which other work of the machine does not lengthen.
      const before = process.cpuUsage();
      const result = await analyser.analyse({ incident, alerts: evidence });
      expect(process.cpuUsage(before).user, analyser.name).toBeLessThan(5_000_000);
      expect(passes).toBe(1);
      expect(result.findings.length).toBeLessThanOrEqual(40);
    }
  });
});
