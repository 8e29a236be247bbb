import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { basename, dirname, join } from "node:path";
import { judge } from "../expectations.ts";
import type { Figure } from "../figures/figure.ts";
import type { Measurement } from "../measurement.ts";
import { isWanted } from "../options.ts";
import { barChart, type Line, lineChart } from "./chart.ts";
import { type Chart, type Section, sections } from "./sections.ts";
import { formatNumber, type Table, tablesOf } from "./tables.ts";

/** Writes a page with tables and charts; the charts and what was measured go into a folder of the page's name. */
export function writeReport(
  file: string,
  figures: readonly Figure[],
  measured: readonly Measurement[],
): void {
  const folder = join(dirname(file), basename(file, ".md"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const facts = factsOfRun();
  const data = { ...facts, measured };
  writeFileSync(join(folder, "data.json"), `${JSON.stringify(data, null, 2)}\n`);
  const charts = (section: Section) =>
    section.charts.flatMap((chart) => {
      const drawn = draw(chart, measured);
      if (drawn === null) return [];
      writeFileSync(join(folder, `${drawn.name}.svg`), drawn.svg);
      return [`![${chart.title}](${basename(folder)}/${drawn.name}.svg)`];
    });
  const page = [
    opening(facts, `${basename(folder)}/data.json`),
    verdicts(measured),
    ...sections.flatMap((section) => sectionText(section, charts(section), figures, measured)),
  ];
  writeFileSync(file, `${page.join("\n\n")}\n`);
}

interface Facts {
  readonly date: string;
  readonly machine: string;
  readonly versions: { readonly [name: string]: string };
}

function factsOfRun(): Facts {
  const [cpu] = cpus();
  const gib = (totalmem() / 1024 ** 3).toFixed(0);
  const versions = (path: string, names: readonly string[]) => {
    const { devDependencies } = manifest(path);
    return Object.fromEntries(names.map((name) => [name, devDependencies[name] ?? ""]));
  };
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${gib} GiB, ${type()} ${release()}`,
    versions: {
      node: process.versions.node,
      ...versions("../../../packages/sessile/package.json", ["miniflare"]),
      ...versions("../../package.json", ["agents", "@durable-streams/server"]),
    },
  };
}

interface Manifest {
  readonly devDependencies: { readonly [name: string]: string };
}

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as Manifest;
}

function opening({ date, machine, versions }: Facts, data: string): string {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Performance

Written by \`npm run bench -- --report docs/performance.md\` on ${date}. ${machine}; ${used.join(", ")}. Raw data: [${basename(data)}](${data}).

All subjects but the runs of agents share one workerd (the reference server of Durable Streams has a process of its own) and are measured in turns, each
round beginning with another one; a value is the median of the rounds, processor time of runs the least. A machine's own figures promise nothing, ratios do: the columns with ÷
say how the first subject stands to the others. \`agents\` and \`agents-streams\` are the Agents SDK, written as its users write it;
\`floor-bare\` and \`row-each\` are objects that write one row for each event and do nothing else; \`floor-grouped\` writes the rows and
bytes that a session writes, checks nothing and folds nothing; \`d1-each\` awaits one INSERT in D1 for each event.

\`sessile\` is a session without a record in D1, \`stream\` a stream without one; \`mirror\` is a session that D1 follows, \`mirror-down\` the same
while D1 fails, \`ledger\` one in ledger mode; \`object\` and \`workflow\` are runs of agents in session objects and on Workflows. With a record
expect \`mirror/64\` and not \`append/64\`. Of ms, rows, bytes and dollars, less is better.`;
}

function verdicts(measured: readonly Measurement[]): string {
  const rows = judge(measured).map(({ claim, actual, pass }) => [
    claim,
    formatNumber(actual),
    pass ? "yes" : "**no**",
  ]);
  return `## What is promised\n\n${markdown([["promise", "measured", "kept"], ...rows])}\n\nWhere it says **no**, this run did not keep the promise.`;
}

function sectionText(
  { title, text, shows, charts: specified }: Section,
  charts: readonly string[],
  figures: readonly Figure[],
  measured: readonly Measurement[],
): readonly string[] {
  const names = [...shows, ...specified.flatMap(namesOf)];
  const own = measured.filter(({ name }) => names.some((wanted) => `${name}/`.startsWith(`${wanted}/`)));
  if (own.length === 0) return [];
  const abouts = figures
    .filter(({ name }) => isWanted(name, names))
    .map(({ name, about }) => `- \`${name}\`: ${about}.`);
  return [`## ${title}`, text, ...charts, ...tablesOf(own).map(markdown), abouts.join("\n")];
}

function namesOf(chart: Chart): readonly string[] {
  return "bars" in chart ? [chart.bars] : chart.curves.map(({ name }) => name);
}

function draw(
  chart: Chart,
  measured: readonly Measurement[],
): { readonly name: string; readonly svg: string } | null {
  if ("bars" in chart) {
    const own = measured.filter(({ name }) => name === chart.bars);
    const bars = own.map(({ subject, value }) => ({ label: subject, value }));
    if (bars.length === 0) return null;
    return { name: chart.bars.replaceAll("/", "-"), svg: barChart(chart.title, own[0]?.unit ?? "", bars) };
  }
  const lines = chart.curves.map(({ label, name }) => curve(label, name, measured));
  if (lines.every(({ points }) => points.length === 0)) return null;
  return { name: chart.file, svg: lineChart({ ...chart, lines }) };
}

function curve(label: string, of: string, measured: readonly Measurement[]): Line {
  const points = measured
    .filter(({ name }) => name.startsWith(`${of}/`))
    .map(({ name, value }) => [Number(name.slice(of.length + 1)), value] as const)
    // The axes are logarithmic: there is no place for nothing.
    .filter(([x, y]) => x > 0 && y > 0);
  return { label, points };
}

function markdown([header = [], ...rows]: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, column) => (column === 0 ? "---" : "---:"));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}
