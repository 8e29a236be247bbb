import type { CrashReport, KillReport } from "./driver.ts";

const columns = ["kill", "what", "in flight", "of these committed", "down", "recovered"] as const;

/** The run as a table for a terminal. */
export function summary(report: CrashReport): string {
  const rows = report.kills.map((kill, at) => cells(kill, at + 1));
  const widths = columns.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]) => row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("  ");
  const hits = report.kills.filter(({ inFlight }) => inFlight > 0).length;
  const of = (what: string) => report.kills.filter((kill) => kill.what === what).length;
  return [
    line(columns),
    ...rows.map(line),
    "",
    `${report.kills.length} kills: ${of("group")} of the process group, ${of("alone")} of the parent alone; ${hits} with commands in flight`,
    `${report.acknowledged} acknowledged events, ${report.events + report.mirrored} in the logs, ${report.works} works, ${report.mirrored} events mirrored, ${report.seconds.toFixed(0)} s`,
    report.faults.length === 0
      ? "nothing lost, nothing twice, no gap"
      : `${report.faults.length} FAULTS:\n${report.faults.slice(0, 20).join("\n")}`,
  ].join("\n");
}

function cells({ what, inFlight, committed, downMs, recoveredMs }: KillReport, number: number): string[] {
  return [String(number), what, String(inFlight), String(committed), `${downMs} ms`, `${recoveredMs} ms`];
}
