import type { Verdict } from "./expectations.ts";
import { findValue, type Measurement } from "./measurement.ts";
import { type MeasuredName, recordSubjectNames, streamSubjectNames, subjectNames } from "./subjects.ts";

/** One table for what was measured without a record, one for what was measured with D1, one for streams over HTTP. */
export function formatTables(measured: readonly Measurement[]): string {
  return [subjectNames, recordSubjectNames, streamSubjectNames]
    .map((subjects) => formatTable(measured, subjects))
    .filter(Boolean)
    .join("\n\n");
}

/** Values with one column a subject, then how the first stands to each of the others. */
function formatTable(all: readonly Measurement[], subjects: readonly MeasuredName[]): string {
  const measured = all.filter(({ subject }) => subjects.includes(subject));
  if (measured.length === 0) return "";
  const others = subjects.slice(1);
  const names = [...new Set(measured.map(({ name }) => name))];
  const header = ["figure", "unit", ...subjects, ...others.map((subject) => `÷ ${subject}`)];
  const rows = names.map((name) => {
    const values = subjects.map((subject) => findValue(measured, name, subject));
    const [own] = values;
    const ratios = others.map((subject) => {
      const other = findValue(measured, name, subject);
      return own === undefined || other === undefined ? "" : (own / other).toFixed(2);
    });
    const unit = measured.find((one) => one.name === name)?.unit ?? "";
    return [
      name,
      unit,
      ...values.map((value) => (value === undefined ? "" : formatNumber(value))),
      ...ratios,
    ];
  });
  return alignColumns([header, ...rows]);
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ claim, actual, pass }) => `${pass ? "pass" : "FAIL"}  ${claim}: ${formatNumber(actual)}`)
    .join("\n");
}

function formatNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function alignColumns(rows: readonly (readonly string[])[]): string {
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
