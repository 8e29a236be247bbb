import { readdirSync, readFileSync } from "node:fs";

/** What a process holds; null where the system does not tell. */
export interface Reading {
  readonly atMs: number;
  readonly serverMb: number | null;
  readonly serverFiles: number | null;
  readonly nodeMb: number;
  readonly nodeFiles: number | null;
}

export function readGauges(atMs: number, runtimePid: number | undefined): Reading {
  return {
    atMs,
    serverMb: runtimePid === undefined ? null : residentMb(runtimePid),
    serverFiles: runtimePid === undefined ? null : openFiles(runtimePid),
    nodeMb: process.memoryUsage().heapUsed / 2 ** 20,
    nodeFiles: openFiles(process.pid),
  };
}

function residentMb(pid: number): number | null {
  if (process.platform !== "linux") return null;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return kib === undefined ? null : Number(kib) / 1024;
}

function openFiles(pid: number): number | null {
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/fd`).length : null;
}

export interface Trend {
  readonly name: string;
  /** What was held at the beginning and at the end, after everything had warmed up. */
  readonly before: number;
  readonly after: number;
  readonly isFlat: boolean;
}

/** How much the later value may be above the earlier one: a share, and so many. A leak is far beyond it. */
const tolerated = {
  serverMb: [0.15, 16],
  nodeMb: [0.15, 8],
  serverFiles: [0.25, 50],
  nodeFiles: [0.1, 12],
} as const;

/**
 * How each gauge has gone; those that the system does not tell, or not for long enough, are left out. The first third is not looked
 * at: caches fill, and the runtime lets its heap grow before it first cleans it. Of the rest, beginning and end are compared by their lower
 * quartiles, because what is left after a cleaning is what is held.
 */
export function trendsOf(readings: readonly Reading[]): readonly Trend[] {
  return (["serverMb", "serverFiles", "nodeMb", "nodeFiles"] as const).flatMap((name) => {
    const all = readings.flatMap((reading) => reading[name] ?? []);
    const values = all.slice(Math.floor(all.length / 3));
    if (values.length < 9) return [];
    const third = Math.floor(values.length / 3);
    const before = lowerQuartile(values.slice(0, third));
    const after = lowerQuartile(values.slice(-third));
    const [share, more] = tolerated[name];
    return [{ name, before, after, isFlat: after <= before * (1 + share) + more }];
  });
}

function lowerQuartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? 0;
}
