import type { Actors, Alert } from "../model/alert.ts";
import { keyFieldValue } from "./key-field.ts";

const hourMs = 3_600_000;
/** Looks this far before the first alert and after the last: the cause comes before, the effect after. */
const marginMs = 30 * 60_000;
const maxKeys = 400;

/** Where telemetry is filed: host (or inside address) and hour. Undefined where the record names neither. */
export function telemetryKey(alert: Alert): string | undefined {
  const host = alert.actors.hosts[0];
  const hour = Math.floor(alert.at / hourMs);
  if (host !== undefined) return keyOf("host", host, hour);
  const ip = keyFieldValue("insideHost", alert);
  return ip === undefined ? undefined : keyOf("ip", ip, hour);
}

/** The keys under which an incident's neighbouring telemetry is filed, at most 400. */
export function telemetryKeysOf(incident: {
  firstAt: number;
  lastAt: number;
  actors: Actors;
}): readonly string[] {
  const keys: string[] = [];
  const first = Math.floor((incident.firstAt - marginMs) / hourMs);
  const last = Math.floor((incident.lastAt + marginMs) / hourMs);
  for (let hour = first; hour <= last; hour++) {
    for (const host of incident.actors.hosts) keys.push(keyOf("host", host, hour));
    for (const ip of incident.actors.ips) keys.push(keyOf("ip", ip, hour));
    if (keys.length >= maxKeys) return keys.slice(0, maxKeys);
  }
  return keys;
}

function keyOf(kind: "host" | "ip", name: string, hour: number): string {
  return `${kind}/${name}/${hour}`;
}
