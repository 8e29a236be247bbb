import { normaliseRecord } from "../formats/normalise-record.ts";
import type { Alert } from "../model/alert.ts";

let made = 0;

/** An alert from a record as it would be ingested; hashes are distinct and in order of making. */
function makeAlert(record: object): Alert {
  made++;
  const normalised = normaliseRecord(record, made.toString(16).padStart(64, "0"), JSON.stringify(record));
  if (normalised.alert === undefined) throw new Error(normalised.rejected);
  return normalised.alert;
}

export interface EveOptions {
  readonly at?: number;
  readonly src?: readonly [string, number];
  readonly dest?: readonly [string, number];
  readonly signature?: string;
  readonly category?: string;
  readonly severity?: number;
  readonly extra?: object;
}

export function makeEve(options: EveOptions = {}): Alert {
  const { at = Date.UTC(2026, 0, 2, 12), src = ["198.51.100.7", 40_000], dest = ["10.0.0.5", 443] } = options;
  return makeAlert({
    timestamp: new Date(at).toISOString(),
    flow_id: made,
    event_type: "alert",
    src_ip: src[0],
    src_port: src[1],
    dest_ip: dest[0],
    dest_port: dest[1],
    proto: "TCP",
    alert: {
      signature: options.signature ?? "LOCAL alert",
      category: options.category ?? "",
      severity: options.severity ?? 2,
    },
    ...options.extra,
  });
}

/** `event` is such as `Sysmon/1` or `Security/4625`. */
export function makeWindows(
  event: string,
  fields: object = {},
  at: number = Date.UTC(2026, 0, 2, 12),
  host = "host-1.example.com",
): Alert {
  const [log = "", id] = event.split("/");
  return makeAlert({
    TimeCreated: new Date(at).toISOString(),
    EventID: Number(id),
    Channel: log === "Sysmon" ? "Microsoft-Windows-Sysmon/Operational" : log,
    SourceName: log === "Sysmon" ? "Microsoft-Windows-Sysmon" : "Microsoft-Windows-Security-Auditing",
    Hostname: host,
    ...fields,
  });
}

export function makeProcess(commandLine: string, fields: object = {}, at?: number): Alert {
  const image = /^"([^"]+)"|^(\S+)/.exec(commandLine);
  return makeWindows(
    "Sysmon/1",
    { CommandLine: commandLine, Image: image?.[1] ?? image?.[2] ?? "", ...fields },
    at,
  );
}
