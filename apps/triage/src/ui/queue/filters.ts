import type { IncidentStatus } from "../../contract/incident.ts";
import { type IncidentType, incidentTypes } from "../../domain/model/incident-type.ts";
import { type Severity, severities } from "../../domain/model/severity.ts";
import type { Query } from "../api/api.ts";
import { statuses } from "../parts/status.tsx";

export const sorts = {
  "-severity": "Severity",
  "-lastAt": "Latest alert",
  lastAt: "Oldest alert",
  "-alerts": "Most alerts",
  "-updatedAt": "Last changed",
  title: "Title",
} as const;
export type Sort = keyof typeof sorts;
const defaultSort: Sort = "-severity";

/** What the queue shows; the page's address holds it, so that a view can be shared. */
export interface Filters {
  readonly status: readonly IncidentStatus[];
  readonly severity: readonly Severity[];
  readonly type: readonly IncidentType[];
  readonly q: string;
  readonly sort: Sort;
}

export type FilterField = "status" | "severity" | "type";

export const filterValues = {
  status: statuses,
  severity: [...severities].reverse(),
  type: incidentTypes,
} as const;

export function parseFilters(search: string): Filters {
  const params = new URLSearchParams(search);
  const sort = params.get("sort") ?? "";
  return {
    status: pick(params.get("status"), filterValues.status),
    severity: pick(params.get("severity"), filterValues.severity),
    type: pick(params.get("type"), filterValues.type),
    q: params.get("q") ?? "",
    sort: Object.hasOwn(sorts, sort) ? (sort as Sort) : defaultSort,
  };
}

function pick<T extends string>(list: string | null, known: readonly T[]): readonly T[] {
  const wanted = new Set((list ?? "").split(","));
  return known.filter((value) => wanted.has(value));
}

export function queryOf(filters: Filters): Query {
  return {
    status: filters.status.join(","),
    severity: filters.severity.join(","),
    type: filters.type.join(","),
    q: filters.q.trim(),
    sort: filters.sort,
  };
}

export function hrefOf(filters: Filters): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(queryOf(filters))) {
    if (value !== null && value !== "" && value !== defaultSort) params.set(key, value);
  }
  const text = params.toString().replaceAll("%2C", ",");
  return text === "" ? "/" : `/?${text}`;
}

export function toggleFilter(filters: Filters, field: FilterField, value: string): Filters {
  const known = filterValues[field] as readonly string[];
  const now = new Set<string>(filters[field]);
  if (!now.delete(value)) now.add(value);
  return { ...filters, [field]: known.filter((each) => now.has(each)) };
}

export function hasFilters(filters: Filters): boolean {
  return filters.q.trim() !== "" || filters.status.length + filters.severity.length + filters.type.length > 0;
}
