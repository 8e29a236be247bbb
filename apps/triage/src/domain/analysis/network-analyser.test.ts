import { describe, expect, it } from "vitest";
import type { Alert } from "../model/alert.ts";
import { makeEve } from "../testing/make-alert.ts";
import { findingIds, run } from "../testing/run-analyser.ts";
import { rhythmOf } from "./beacon.ts";
import { networkAnalyser } from "./network-analyser.ts";

const noon = Date.UTC(2026, 0, 2, 12);
const many = (count: number, make: (i: number) => Alert) => Array.from({ length: count }, (_, i) => make(i));
const ids = (alerts: readonly Alert[]) =>
  findingIds(run(networkAnalyser, alerts)).filter((id) => !id.startsWith("signature:"));
const out = (at: number, port = 443, extra: object = {}) =>
  makeEve({ at, src: ["10.0.0.9", 50_000], dest: ["203.0.113.4", port], extra });
/** Fixed, irregular steps: what chance looks like. */
const irregular = [3, 88, 12, 240, 7, 31, 160, 15, 400, 22, 9, 75, 130, 4, 55];

describe("rhythmOf", () => {
  it("measures how regular times are, in any order", () => {
    const times = Array.from({ length: 11 }, (_, i) => noon + i * 60_000);
    expect(rhythmOf(times.toReversed())).toEqual({ intervals: 10, meanSeconds: 60, variation: 0 });
    expect(
      rhythmOf(irregular.map((_, i) => noon + irregular.slice(0, i).reduce((a, b) => a + b, 0) * 1000))
        ?.variation,
    ).toBeGreaterThan(0.8);
  });

  it("has no opinion on few or very fast connections", () => {
    expect(rhythmOf([noon, noon + 60_000, noon + 120_000])).toBeUndefined();
    expect(rhythmOf(Array.from({ length: 50 }, (_, i) => noon + i * 2000))).toBeUndefined();
    expect(rhythmOf([])).toBeUndefined();
  });
});

describe("networkAnalyser", () => {
  it("sees a beacon through jitter, and not in irregular visits", () => {
    expect(ids(many(15, (i) => out(noon + i * 60_000 + (irregular[i] ?? 0) * 20)))).toEqual([
      "beacon:10.0.0.9:203.0.113.4:443",
    ]);
    const times = irregular.map((_, i) => noon + irregular.slice(0, i).reduce((a, b) => a + b, 0) * 1000);
    expect(ids(times.map((at) => out(at)))).toEqual([]);
  });

  it("does not take regular calls from outside for a beacon", () => {
    expect(ids(many(12, (i) => makeEve({ at: noon + i * 60_000, dest: ["10.0.0.5", 443] })))).toEqual([]);
  });

  it("sees port scans and sweeps, not a busy workstation", () => {
    expect(ids(many(20, (i) => makeEve({ at: noon + i, dest: ["10.0.0.5", 1000 + i] })))).toEqual([
      "scan:198.51.100.7",
    ]);
    expect(
      ids(
        many(20, (i) =>
          makeEve({ at: noon + i, src: ["10.0.0.9", 50_000], dest: [`10.0.0.${100 + i}`, 445] }),
        ),
      ),
    ).toEqual(["scan:10.0.0.9"]);
    expect(
      ids(
        many(40, (i) => makeEve({ at: noon + i, src: ["10.0.0.9", 50_000], dest: [`203.0.113.${i}`, 443] })),
      ),
    ).toEqual([]);
  });

  it("sees rare ports going out, not common ones nor the same port coming in", () => {
    expect(ids([out(noon, 4444)])).toEqual(["rare-port:203.0.113.4:4444"]);
    expect(ids([out(noon, 8080)])).toEqual([]);
    expect(ids([makeEve({ dest: ["10.0.0.5", 4444] })])).toEqual([]);
  });

  it("sees password guessing by pace", () => {
    const guess = (gap: number) =>
      many(20, (i) => makeEve({ at: noon + i * gap, src: ["198.51.100.7", 40_000], dest: ["10.0.0.5", 22] }));
    expect(ids(guess(2000))).toEqual(["guessing:198.51.100.7:10.0.0.5:22"]);
    expect(ids(guess(3_600_000))).toEqual([]);
  });

  it("sees a host that connects back to its attacker", () => {
    const attack = makeEve({ at: noon, dest: ["10.0.0.5", 80] });
    const back = makeEve({ at: noon + 5000, src: ["10.0.0.5", 50_000], dest: ["198.51.100.7", 443] });
    expect(run(networkAnalyser, [attack, back]).findings[0]).toMatchObject({
      id: "answered:10.0.0.5:198.51.100.7",
      severity: "critical",
    });
    const reply = makeEve({ at: noon + 5000, src: ["10.0.0.5", 80], dest: ["198.51.100.7", 40_000] });
    expect(ids([attack, reply])).toEqual([]);
  });

  it("sees far more sent than received, counting a flow once", () => {
    const flow = (sent: number, id: number) => ({
      flow_id: id,
      flow: { bytes_toserver: sent, bytes_toclient: 1000 },
    });
    expect(ids([out(noon, 443, flow(60_000_000, 1))])).toEqual(["volume:10.0.0.9:203.0.113.4"]);
    expect(ids([out(noon, 443, flow(30_000_000, 1)), out(noon + 1, 443, flow(30_000_000, 1))])).toEqual([]);
    expect(ids([out(noon, 443, flow(30_000_000, 1)), out(noon + 1, 443, flow(30_000_000, 2))])).toEqual([
      "volume:10.0.0.9:203.0.113.4",
    ]);
    // As EVE logs come: what was seen of a flow first says nothing of its size, an alert what it was until then.
    const tls = { event_type: "tls", alert: undefined, flow_id: 1 };
    const ended = { event_type: "flow", alert: undefined, ...flow(60_000_000, 1) };
    expect(ids([out(noon, 443, tls), out(noon + 1, 443, flow(4000, 1)), out(noon + 2, 443, ended)])).toEqual([
      "volume:10.0.0.9:203.0.113.4",
    ]);
  });

  it("says inbound and outbound", () => {
    expect(
      run(networkAnalyser, [
        out(noon),
        makeEve(),
        makeEve({ src: ["10.0.0.1", 9000], dest: ["10.0.0.2", 80] }),
      ]).summary,
    ).toBe("Connections in the evidence: 1 inbound, 1 outbound, 1 internal.");
  });

  it("cites the address wherever the record has it", () => {
    const reply = makeEve({ src: ["203.0.113.4", 4444], dest: ["10.0.0.9", 50_000] });
    expect(
      run(networkAnalyser, [reply]).findings.find((finding) => finding.id.startsWith("rare-port"))
        ?.citations[0],
    ).toMatchObject({ field: "src_ip", excerpt: "203.0.113.4" });
  });
});
