import { readFileSync } from "node:fs";
import { correlate, fold, type ReadResult, readAlerts } from "../../../../../apps/triage/src/domain/index.ts";
import type { FuzzTarget } from "../fuzz.ts";

const samples = readFileSync(
  new URL("../../../../../apps/triage/samples/first-start.ndjson", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as unknown);

/** The triage app's formats of alerts: whatever comes is an alert or a rejection, and the record after it is read all the same. */
export const alertFiles: FuzzTarget = {
  name: "alerts",
  weight: 15,
  parallel: 1,
  async attempt(hostile, note) {
    const { random } = hostile;
    const file = Array.from({ length: random.between(1, 3) }, () => hostile.like(samples)).join(
      random.pick(["\n", ",", " ", ""]),
    );
    const bytes = new TextEncoder().encode(file);
    if (random.chance(0.2) && bytes.length > 0)
      bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
    note(Buffer.from(bytes).toString("latin1"));
    const chunk = random.pick([13, 64, 4096]);
    const source = (async function* () {
      for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
    })();
    const results: ReadResult[] = [];
    for await (const result of readAlerts(source, { maxRecordBytes: 20_000 })) results.push(result);
    const alerts = results.flatMap(({ alert }) => (alert ? [alert] : []));
    for (const alert of alerts) correlate(alert);
    JSON.stringify(fold(undefined, alerts));
  },
};
