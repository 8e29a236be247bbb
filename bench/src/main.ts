import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { BenchContext } from "./bench-context.ts";
import { startBenchServer } from "./bench-server.ts";
import { clientBundleBytes } from "./bundle.ts";
import { judge } from "./expectations.ts";
import { appendFigures } from "./figures/append.ts";
import { costFigure } from "./figures/cost.ts";
import type { Figure } from "./figures/figure.ts";
import { ledgerFigures } from "./figures/ledger.ts";
import { millionFigure } from "./figures/million.ts";
import { processesFigure } from "./figures/processes.ts";
import { catchupFigure, fanoutFigure } from "./figures/reading.ts";
import { rowsFigures } from "./figures/rows.ts";
import { runsFigure } from "./figures/runs.ts";
import { manySessionsFigure, sessionsFigure, viewersFigure } from "./figures/scale.ts";
import { spreadFigure } from "./figures/spread.ts";
import { stateBytesFigure, stateFanoutFigure } from "./figures/state.ts";
import { streamPeerFigures } from "./figures/stream-peers.ts";
import {
  streamBurstFigure,
  streamCatchupFigure,
  streamCrowdFigure,
  streamFanoutFigure,
  streamPaceFigure,
} from "./figures/streams.ts";
import { tokenBytesFigure } from "./figures/tokens.ts";
import { wakeFigure } from "./figures/wake.ts";
import { LoadDriver } from "./load/load-driver.ts";
import type { Measurement } from "./measurement.ts";
import { isWanted, type Options, parseOptions } from "./options.ts";
import { formatTables, formatVerdicts } from "./report/tables.ts";
import { writeReport } from "./report/write-report.ts";

const figures: readonly Figure[] = [
  ...appendFigures,
  spreadFigure,
  processesFigure,
  fanoutFigure,
  catchupFigure,
  wakeFigure,
  stateBytesFigure,
  stateFanoutFigure,
  ...rowsFigures,
  ...ledgerFigures,
  streamPaceFigure,
  streamBurstFigure,
  streamFanoutFigure,
  streamCatchupFigure,
  ...streamPeerFigures,
  tokenBytesFigure,
  runsFigure,
  costFigure,
  millionFigure,
  viewersFigure,
  // Last: what it leaves behind on the disk is in nobody's way.
  sessionsFigure,
];
/** Measured only when they are asked for by name: each takes minutes. */
const longFigures = [streamCrowdFigure, manySessionsFigure];
const here = fileURLToPath(new URL("..", import.meta.url));
const options = parseOptions(process.argv.slice(2));

const wanted = [
  ...figures.filter(({ name }) => isWanted(name, options.only)),
  ...longFigures.filter(({ name }) => options.only.includes(name)),
];
if (wanted.length === 0)
  throw new Error(`--only names no figure. There are: ${figures.map(({ name }) => name).join(", ")}.`);

const measured = await measureAll(wanted);
if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`);
if (options.report !== null) writeReport(options.report, wanted, measured);
print(`\n${formatTables(measured)}\n\n${formatVerdicts(judge(measured))}`);
for (const subpath of ["sessile/client", "sessile/react"]) {
  print(
    `size  ${subpath}: ${((await clientBundleBytes(subpath, here)) / 1024).toFixed(1)} KiB minified and gzipped`,
  );
}

async function measureAll(figures: readonly Figure[]): Promise<readonly Measurement[]> {
  print(`One workerd for all subjects, rounds interleaved, medians; ${cpus().length} cores.`);
  print("sessile runs without a record (no D1); floor-grouped writes the rows and bytes it does.");
  print("ledger, d1-each and mirror share one D1 of the same workerd, whose queries cross no network.");
  print("ds-file is a process of its own; the streams of all others are objects of the one workerd.");
  // Beside the sources, because a temporary folder may lie in memory, where a commit costs nothing.
  const dir = mkdtempSync(`${here}.data-`);
  try {
    await using server = await startBenchServer(dir);
    await using load = new LoadDriver();
    const context = { server, load, dir, quick: options.quick, rounds: roundsOf(options) };
    return await inOrder(figures, context);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A report measures more, and is one run. */
function roundsOf({ quick, report }: Options): number {
  if (quick) return 1;
  return report === null ? 5 : 3;
}

async function inOrder(figures: readonly Figure[], context: BenchContext): Promise<readonly Measurement[]> {
  const measured: Measurement[] = [];
  for (const figure of figures) {
    const startedAt = performance.now();
    const values = await figure.run(context);
    measured.push(...values);
    print(`\n${figure.name} (${((performance.now() - startedAt) / 1000).toFixed(0)} s): ${figure.about}`);
    print(formatTables(values));
  }
  return measured;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
