import { describe, expect, it } from "vitest";
import { makeProcess } from "../testing/make-alert.ts";
import { evidenceOf } from "../testing/run-analyser.ts";
import type { Analyser, Finding } from "./analyser.ts";
import { type AnalyserOutcome, triageCard } from "./card.ts";
import { investigate, runAnalysers } from "./investigate.ts";

const names = ["command-line", "identity", "network", "activity"];
const incident = evidenceOf([], {
  severity: "medium",
  type: "malware",
  actors: { hosts: ["host-1"], ips: ["203.0.113.4"], users: ["ex\\pat"] },
}).incident;
const finding = (over: Partial<Finding> = {}): Finding => ({
  id: "x",
  title: "Something found",
  severity: "high",
  confidence: 0.9,
  detail: "",
  citations: [],
  ...over,
});
const answers = (found: Readonly<Record<string, readonly Finding[]>> = {}): AnalyserOutcome[] =>
  names.map((analyser) => ({ analyser, result: { analyser, summary: "", findings: found[analyser] ?? [] } }));

describe("triageCard", () => {
  it("keeps the alerts' severity where nothing more is found, and is not sure", () => {
    expect(triageCard(incident, answers())).toMatchObject({
      severity: "medium",
      type: "malware",
      confidence: 0.45,
      missing: [],
      keyFindings: [],
    });
  });

  it("takes severity and type from what the analysers are sure of", () => {
    const dump = finding({ severity: "critical", type: "credential-access", title: "Dump" });
    expect(triageCard(incident, answers({ "command-line": [dump] }))).toMatchObject({
      severity: "critical",
      type: "credential-access",
      headline: "Credential access, critical: Dump",
    });
    const doubtful = finding({ severity: "critical", type: "credential-access", confidence: 0.3 });
    expect(triageCard(incident, answers({ "command-line": [doubtful] }))).toMatchObject({
      severity: "medium",
      type: "malware",
    });
  });

  it("is surer the more analysers agree", () => {
    const one = triageCard(incident, answers({ network: [finding()] })).confidence;
    const two = triageCard(incident, answers({ network: [finding()], activity: [finding()] })).confidence;
    expect(two).toBeGreaterThan(one);
    expect(one).toBeGreaterThan(0.45);
  });

  it("works without the analysers that failed, says which, and is less sure", () => {
    const all = answers({ network: [finding()] });
    const some: AnalyserOutcome[] = [...all.slice(0, 3), { analyser: "activity", failed: "out of memory" }];
    const card = triageCard(incident, some);
    expect(card.missing).toEqual(["activity"]);
    expect(card.confidence).toBeLessThan(triageCard(incident, all).confidence);
    expect(card.confidenceReasons.join(" ")).toContain("Missing: activity");
    expect(triageCard(incident, [])).toMatchObject({ severity: "medium", confidence: 0.05, missing: names });
  });

  it("recommends what the playbook would do", () => {
    const card = triageCard({ ...incident, severity: "high" }, answers());
    expect(card.recommendedActions[0]).toBe("Isolate the host from the network: host-1");
    expect(card.recommendedActions.length).toBeLessThanOrEqual(5);
  });
});

describe("runAnalysers", () => {
  const evidence = evidenceOf([makeProcess("rundll32 comsvcs.dll MiniDump 1 x full")]);

  it("tells each outcome as it ends, and one that throws stops nobody", async () => {
    const broken: Analyser = {
      name: "network",
      analyse: () => {
        throw new Error("no network");
      },
    };
    const slow: Analyser = {
      name: "model",
      analyse: async () => ({ analyser: "model", summary: "", findings: [] }),
    };
    const told: string[] = [];
    const outcomes = await runAnalysers(evidence, {
      analysers: [broken, slow],
      onOutcome: (outcome) => told.push(outcome.analyser),
    });
    expect(outcomes).toEqual([
      { analyser: "network", failed: "no network" },
      { analyser: "model", result: expect.anything() },
    ]);
    expect(told).toEqual(["network", "model"]);
  });

  it("gives the same verdict every time", async () => {
    expect(await investigate(evidence)).toEqual(await investigate(evidence));
  });
});
