import type { Actors, Alert } from "../model/alert.ts";
import { isInternalIp } from "../network/ip-address.ts";
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

/** The keys under which an incident's neighbouring telemetry is filed, at most 400: what the incident is about first, strangers last. */
export function telemetryKeysOf(incident: {
  firstAt: number;
  lastAt: number;
  actors: Actors;
  ownIps: readonly string[];
  keyIps: readonly string[];
}): readonly string[] {
  const { actors, ownIps, keyIps } = incident;
  const keys = new Set<string>();
  const first = Math.floor((incident.firstAt - marginMs) / hourMs);
  const last = Math.floor((incident.lastAt + marginMs) / hourMs);
  for (const [hosts, ips] of [
    [[], keyIps],
    [actors.hosts, [...ownIps, ...actors.ips.filter(isInternalIp)]],
    [[], actors.ips],
  ] as const) {
    for (let hour = first; hour <= last && keys.size < maxKeys; hour++) {
      for (const host of hosts) keys.add(keyOf("host", host, hour));
      for (const ip of ips) keys.add(keyOf("ip", ip, hour));
    }
  }
  return [...keys].slice(0, maxKeys);
}

function keyOf(kind: "host" | "ip", name: string, hour: number): string {
  return `${kind}/${name}/${hour}`;
}
