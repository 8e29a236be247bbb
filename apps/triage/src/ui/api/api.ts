import type {
  AlertPage,
  AppConfig,
  IncidentDetail,
  IncidentPage,
  Profile,
  QueueSummary,
  RawAlert,
} from "../../contract/api.ts";
import { parseExactly } from "../../domain/formats/exact-json.ts";
import { requestJson } from "./http.ts";

const pageSize = 500;
const firstPageSize = 100;

function withQuery(path: string, query: Readonly<Record<string, string | null>>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== null && value !== "") params.set(key, value);
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

const incidentPath = (name: string) => `/api/incidents/${encodeURIComponent(name)}`;
/** The first page is short, so that something is on the screen soon. */
const limitOf = (cursor: string | null) => String(cursor === null ? firstPageSize : pageSize);

export type Query = Readonly<Record<string, string | null>>;

export const api = {
  config: (signal?: AbortSignal) => requestJson<AppConfig>("/api/config", signal ? { signal } : {}),
  incidents: (query: Query, cursor: string | null, signal: AbortSignal) =>
    requestJson<IncidentPage>(withQuery("/api/incidents", { ...query, limit: limitOf(cursor), cursor }), {
      signal,
    }),
  summary: (query: Query, signal: AbortSignal) =>
    requestJson<QueueSummary>(withQuery("/api/summary", query), { signal }),
  incident: (name: string, signal: AbortSignal) =>
    requestJson<IncidentDetail>(incidentPath(name), { signal }),
  alerts: (name: string, kind: string | null, cursor: string | null, signal: AbortSignal) =>
    requestJson<AlertPage>(
      withQuery(`${incidentPath(name)}/alerts`, { kind, limit: limitOf(cursor), cursor }),
      { signal },
    ),
  rawAlert: (hash: string, signal: AbortSignal) =>
    requestJson<RawAlert>(`/api/alerts/${encodeURIComponent(hash)}`, { signal }, parseExactly),
  setProfile: (name: string) =>
    requestJson<Profile>("/api/profile", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name }),
    }),
  clearProfile: () => requestJson<unknown>("/api/profile", { method: "DELETE" }),
};
