import { describe, expect, it } from "vitest";
import { makeEve, makeProcess, makeWindows } from "../testing/make-alert.ts";
import { findingIds, run } from "../testing/run-analyser.ts";
import { activityAnalyser } from "./activity-analyser.ts";

const noon = Date.UTC(2026, 0, 2, 12);

describe("activityAnalyser", () => {
  it("sees logs cleared and LSASS opened, and cites them", () => {
    const cleared = makeWindows("Security/1102", { Message: "The audit log was cleared." });
    const opened = makeWindows("Sysmon/10", {
      SourceImage: "C:\\Temp\\x.exe",
      TargetImage: "C:\\Windows\\system32\\lsass.exe",
      GrantedAccess: "0x1410",
    });
    const result = run(activityAnalyser, [cleared, opened]);
    expect(findingIds(result)).toEqual(["lsass-access", "security-log-cleared"]);
    expect(result.findings[0]).toMatchObject({
      detail: "LSASS memory opened for reading on host-1.example.com by C:\\Temp\\x.exe with access 0x1410.",
    });
    expect(result.findings[1]?.citations[0]).toMatchObject({ alertHash: cleared.hash, field: "Message" });
  });

  it("tells how a flagged program came to run", () => {
    const word = makeProcess("WINWORD.EXE a.docm", {
      ProcessGuid: "{1}",
      Image: "C:\\Office\\WINWORD.EXE",
      ParentImage: "C:\\Windows\\explorer.exe",
      ParentProcessGuid: "{0}",
    });
    const shell = makeProcess("cmd.exe /c x", {
      ProcessGuid: "{2}",
      Image: "C:\\Windows\\cmd.exe",
      ParentImage: "C:\\Office\\WINWORD.EXE",
      ParentProcessGuid: "{1}",
    });
    expect(
      run(activityAnalyser, [shell, word]).findings.find((finding) => finding.id.startsWith("lineage"))
        ?.detail,
    ).toBe("explorer.exe → winword.exe → cmd.exe");
  });

  it("survives processes that claim to be their own ancestors", () => {
    const fields = (own: string, parent: string) => ({
      ProcessGuid: own,
      ParentProcessGuid: parent,
      ParentImage: "x.exe",
    });
    const loop = [
      makeProcess("net user a b /add", fields("{1}", "{2}")),
      makeProcess("net user b c /add", fields("{2}", "{1}")),
    ];
    expect(run(activityAnalyser, loop).findings.some((finding) => finding.id.startsWith("lineage"))).toBe(
      true,
    );
  });

  it("sees a burst among quiet minutes, not an even stream", () => {
    const burst = [
      ...Array.from({ length: 60 }, (_, i) => makeEve({ at: noon + i })),
      makeEve({ at: noon + 3_600_000 }),
    ];
    expect(findingIds(run(activityAnalyser, burst))).toEqual(["burst"]);
    expect(
      findingIds(
        run(
          activityAnalyser,
          Array.from({ length: 600 }, (_, i) => makeEve({ at: noon + i * 2000 })),
        ),
      ),
    ).toEqual([]);
  });

  it("tells the stages in order of time", () => {
    const alerts = [
      makeWindows("Security/1102", {}, noon + 3000),
      makeProcess("wmic /node:x process call create y", {}, noon + 1000),
      makeProcess("rundll32 comsvcs.dll MiniDump 1 x full", {}, noon + 2000),
    ];
    expect(run(activityAnalyser, alerts).findings.find((finding) => finding.id === "stages")?.detail).toBe(
      "execution, then credential access, then defence evasion",
    );
    expect(findingIds(run(activityAnalyser, alerts.slice(0, 2)))).not.toContain("stages");
  });

  it("finds nothing in ordinary telemetry or in nothing", () => {
    expect(
      run(activityAnalyser, [
        makeProcess("notepad.exe"),
        makeWindows("Sysmon/5"),
        makeWindows("Sysmon/10", { TargetImage: "C:\\x.exe", GrantedAccess: "0x1000" }),
      ]).findings,
    ).toEqual([]);
    expect(run(activityAnalyser, [])).toEqual({
      analyser: "activity",
      summary: "There is no evidence.",
      findings: [],
    });
  });
});
