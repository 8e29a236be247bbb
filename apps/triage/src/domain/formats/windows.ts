import * as z from "zod";
import { detect } from "../detection/detect.ts";
import type { Actors, Alert, Endpoint } from "../model/alert.ts";
import { severityRank } from "../model/severity.ts";
import { normaliseIp } from "../network/ip-address.ts";
import { cleanText } from "../text/clean-text.ts";
import type { Normalised, RecordFacts } from "./normalised.ts";
import { addMessageFields } from "./windows-message.ts";
import { windowsTime } from "./windows-time.ts";

const eventId = z.coerce.number().int().min(0).max(65_535);

export function looksLikeWindows(record: Readonly<Record<string, unknown>>): boolean {
  return ["EventID", "event_id", "EventId", "winlog", "Channel", "ProviderGuid", "SourceName"].some(
    (name) => name in record,
  );
}

/** Windows Event Log records as JSON lines: NXLog and Mordor (flat), Winlogbeat (under `winlog`), Sysmon in either. */
export function normaliseWindows(facts: RecordFacts): Normalised {
  const fields = withWinlogbeatNames(facts.fields);
  const id = eventId.safeParse(first(fields, "EventID", "EventId", "event_id", "event.code"));
  if (!id.success) return { rejected: "Windows record: EventID is missing or is no number" };
  const channel = first(fields, "Channel", "log_name") ?? "";
  const provider = first(fields, "SourceName", "source_name", "ProviderName") ?? "";
  if (channel === "" && provider === "")
    return { rejected: "Windows record: Channel or SourceName is missing" };
  const host = first(fields, "Hostname", "Computer", "computer_name", "host.hostname", "host.name", "host");
  if (host === undefined) return { rejected: "Windows record: Hostname is missing" };
  const at = windowsTime(fields);
  if (at === undefined) {
    return { rejected: "Windows record: no readable time (TimeCreated, EventTime, @timestamp or UtcTime)" };
  }
  const log = logName(channel, provider);
  addMessageFields(fields, fields.Message ?? fields.message ?? "", log === "Sysmon");
  const record = { log, id: id.data, fields };
  return {
    alert: {
      ...judged(record),
      ...network(fields, host),
      hash: facts.hash,
      source: "windows",
      at,
      fields,
      rawJson: facts.raw,
    },
  };
}

/** Winlogbeat nests the event's own data; rules know it by its Windows name. */
function withWinlogbeatNames(fields: Record<string, string>): Record<string, string> {
  const prefixes = ["winlog.event_data.", "winlog.user_data.", "event_data.", "Event.EventData."];
  const renamed = new Map([
    ["winlog.event_id", "EventID"],
    ["winlog.channel", "Channel"],
    ["winlog.provider_name", "SourceName"],
    ["winlog.computer_name", "Hostname"],
  ]);
  const given = Object.entries(fields);
  const keep = (name: string | undefined, value: string): void => {
    if (name !== undefined && name !== "__proto__" && !Object.hasOwn(fields, name)) fields[name] = value;
  };
  // First what the event itself is: its data may have a Channel too, such as that of the log that was cleared.
  for (const [path, value] of given) keep(renamed.get(path), value);
  for (const [path, value] of given) {
    const prefix = prefixes.find((candidate) => path.startsWith(candidate));
    if (prefix !== undefined) keep(path.slice(prefix.length), value);
  }
  return fields;
}

/** "Sysmon" or the channel's last part without its kind: `Microsoft-Windows-PowerShell/Operational` → `PowerShell`. */
function logName(channel: string, provider: string): string {
  if (/sysmon/i.test(channel) || /sysmon/i.test(provider)) return "Sysmon";
  const name = (channel === "" ? provider : channel).replace(/^Microsoft-Windows-/i, "").replace(/\/.*$/, "");
  // Collectors disagree on the case ("security", "Security").
  return cleanText(name.charAt(0).toUpperCase() + name.slice(1), 60);
}

function judged(record: { log: string; id: number; fields: Record<string, string> }): Verdict {
  const detections = detect(record);
  const event = `${record.log}/${record.id}`;
  const [lead] = [...detections].sort((a, b) => severityRank(b.severity) - severityRank(a.severity));
  if (lead === undefined) return { kind: "telemetry", event, severity: "low", detections };
  return {
    kind: "alert",
    event,
    severity: lead.severity,
    detections,
    signature: lead.title,
    signatureId: lead.id,
    technique: lead.technique,
    category: lead.type,
  };
}

type Verdict = Pick<
  Alert,
  "kind" | "event" | "severity" | "detections" | "signature" | "signatureId" | "technique" | "category"
>;

function network(
  fields: Record<string, string>,
  host: string,
): Pick<Alert, "actors" | "src" | "dest" | "protocol"> {
  const src = endpoint(
    first(fields, "SourceIp", "SourceAddress", "IpAddress"),
    first(fields, "SourcePort", "IpPort"),
  );
  const dest = endpoint(
    first(fields, "DestinationIp", "DestAddress"),
    first(fields, "DestinationPort", "DestPort"),
  );
  const protocol = first(fields, "Protocol");
  return {
    actors: actorsOf(fields, host, src, dest),
    ...(src === undefined ? {} : { src }),
    ...(dest === undefined ? {} : { dest }),
    ...(protocol === undefined
      ? {}
      : { protocol: cleanText(protocolNames.get(protocol) ?? protocol.toLowerCase(), 20) }),
  };
}

/** IANA protocol numbers, as events 5156 and 5158 give them. */
const protocolNames: ReadonlyMap<string, string> = new Map([
  ["1", "icmp"],
  ["6", "tcp"],
  ["17", "udp"],
  ["58", "ipv6-icmp"],
]);

function endpoint(address: string | undefined, portText: string | undefined): Endpoint | undefined {
  const ip = address === undefined ? undefined : normaliseIp(address);
  if (ip === undefined || ip === "0.0.0.0" || ip === "::") return undefined;
  const port = Number(portText ?? Number.NaN);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? { ip, port } : { ip };
}

function actorsOf(fields: Record<string, string>, host: string, src?: Endpoint, dest?: Endpoint): Actors {
  const users = [
    accountName(first(fields, "User"), undefined),
    accountName(first(fields, "SubjectUserName"), first(fields, "SubjectDomainName")),
    accountName(first(fields, "TargetUserName"), first(fields, "TargetDomainName")),
  ];
  const ips = [src?.ip, dest?.ip].filter((ip) => ip !== undefined && ip !== "127.0.0.1" && ip !== "::1");
  return {
    hosts: [cleanText(host.toLowerCase(), 120)],
    ips: [...new Set(ips)].filter((ip) => ip !== undefined),
    users: [...new Set(users)].filter((user) => user !== undefined),
  };
}

/** Machine accounts (`NAME$`) and the built-in service accounts act on every host all day: they single nobody out. */
function accountName(name: string | undefined, domain: string | undefined): string | undefined {
  if (name === undefined || name.endsWith("$")) return undefined;
  const account = name.toLowerCase().split("\\").at(-1) ?? "";
  if (/^(system|local service|network service|anonymous logon|dwm-\d+|umfd-\d+)$/.test(account))
    return undefined;
  const full = name.includes("\\") || domain === undefined ? name : `${domain}\\${name}`;
  return cleanText(full.toLowerCase(), 120);
}

/** The first of these fields that says something; Windows writes "-" for nothing. */
function first(fields: Readonly<Record<string, string>>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fields[name]?.trim() : undefined;
    if (value !== undefined && value !== "" && value !== "-") return value;
  }
  return undefined;
}
