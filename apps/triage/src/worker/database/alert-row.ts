import type { AlertRow } from "../../contract/api.ts";
import type { Alert, Endpoint } from "../../domain/index.ts";

/** An alert as one line of a list. */
export function alertRowOf(alert: Alert): AlertRow {
  const { hash, at, source, kind, event, severity, actors, src, dest } = alert;
  return {
    hash,
    at,
    source,
    kind,
    event,
    signature: alert.signature ?? null,
    severity,
    src: src ? endpointText(src) : null,
    dest: dest ? endpointText(dest) : null,
    host: actors.hosts[0] ?? null,
    user: actors.users[0] ?? null,
  };
}

function endpointText({ ip, port }: Endpoint): string {
  if (port === undefined) return ip;
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
