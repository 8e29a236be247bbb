import type { Verdict } from "../expectations.ts";
import { findValue, type Measurement } from "../measurement.ts";
import {
  type MeasuredName,
  recordSubjectNames,
  runSubjectNames,
  streamSubjectNames,
  subjectNames,
} from "../subjects.ts";

/** A header and rows of cells: a figure's name and unit, its value for each subject, and how the first stands to each of the others. */
export type Table = readonly (readonly string[])[];

/** One table for what was measured without a record, one for what was measured with D1, one for streams over HTTP, one for runs. */
export function tablesOf(measured: readonly Measurement[]): readonly Table[] {
  return [subjectNames, recordSubjectNames, streamSubjectNames, runSubjectNames]
    .map((subjects) => tableOf(measured, subjects))
    .filter((table) => table.length > 1);
}

export function formatTables(measured: readonly Measurement[]): string {
  return tablesOf(measured).map(alignColumns).join("\n\n");
}

function tableOf(all: readonly Measurement[], subjects: readonly MeasuredName[]): Table {
  const measured = all.filter(({ subject }) => subjects.includes(subject));
  const others = subjects.slice(1);
  const names = [...new Set(measured.map(({ name }) => name))];
  const header = ["figure", "unit", ...subjects, ...others.map((subject) => `÷ ${subject}`)];
  const rows = names.map((name) => {
    const values = subjects.map((subject) => findValue(measured, name, subject));
    const [own] = values;
    const ratios = others.map((subject) => {
      const other = findValue(measured, name, subject);
      return own === undefined || other === undefined ? "" : formatRatio(own / other);
    });
    const unit = measured.find((one) => one.name === name)?.unit ?? "";
    return [
      name,
      unit,
      ...values.map((value) => (value === undefined ? "" : formatNumber(value))),
      ...ratios,
    ];
  });
  return withoutEmptyColumns([header, ...rows]);
}

function withoutEmptyColumns([header = [], ...rows]: Table): Table {
  const isUsed = header.map((_, column) => rows.some((row) => row[column] !== ""));
  return [header, ...rows].map((row) => row.filter((_, column) => isUsed[column]));
}

/** Small ones matter as much as large ones. */
function formatRatio(ratio: number): string {
  return ratio < 0.095 ? ratio.toPrecision(2) : ratio.toFixed(2);
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ claim, actual, pass }) => `${pass ? "pass" : "FAIL"}  ${claim}: ${formatNumber(actual)}`)
    .join("\n");
}

export function formatNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function alignColumns(rows: Table): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2)));
  return lines.join("\n");
}
