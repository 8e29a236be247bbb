import * as z from "zod";
import { signatureFamily } from "../detection/signature-family.ts";
import type { Actors, Alert, Endpoint } from "../model/alert.ts";
import type { Severity } from "../model/severity.ts";
import { normaliseIp } from "../network/ip-address.ts";
import { cleanText } from "../text/clean-text.ts";
import { parseEventTime } from "./event-time.ts";
import type { Normalised, RecordFacts } from "./normalised.ts";

const text = z.string().min(1).max(4096);
const textOrNumber = z.union([text, z.number()]).transform(String);
const port = z.coerce.number().int().min(0).max(65_535);

/**
 * EVE JSON (docs.suricata.io, "EVE JSON Format"). Only what is needed is required; optional values of a wrong type are left out
 * instead of costing the record.
 */
const eveRecord = z.object({
  timestamp: text,
  event_type: text,
  src_ip: text.optional().catch(undefined),
  src_port: port.optional().catch(undefined),
  dest_ip: text.optional().catch(undefined),
  dest_port: port.optional().catch(undefined),
  proto: text.optional().catch(undefined),
  app_proto: text.optional().catch(undefined),
});
const eveAlert = z.object({
  // Empty where the rule has no msg.
  signature: z.string().max(4096),
  signature_id: textOrNumber.optional().catch(undefined),
  category: z.string().max(4096).optional().catch(undefined),
  severity: z.coerce.number().int().min(1).max(255).optional().catch(undefined),
});

export function looksLikeEve(record: Readonly<Record<string, unknown>>): boolean {
  return "event_type" in record || ("src_ip" in record && "dest_ip" in record);
}

export function normaliseEve(record: Readonly<Record<string, unknown>>, facts: RecordFacts): Normalised {
  const eve = eveRecord.safeParse(scalarsOf(record));
  if (!eve.success) return { rejected: `Suricata record: ${missing(eve.error)}` };
  const at = parseEventTime(eve.data.timestamp);
  if (at === undefined)
    return { rejected: `Suricata record: timestamp "${cleanText(eve.data.timestamp, 60)}" is not a time` };
  const base = {
    hash: facts.hash,
    source: "suricata" as const,
    at,
    event: cleanText(eve.data.event_type, 40),
    detections: [],
    ...network(eve.data),
    fields: facts.fields,
    rawJson: facts.raw,
  };
  if (eve.data.event_type !== "alert") return { alert: { ...base, kind: "telemetry", severity: "low" } };
  const alert = eveAlert.safeParse(scalarsOf(record.alert));
  if (!alert.success) return { rejected: `Suricata alert: ${missing(alert.error, "alert.")}` };
  return { alert: { ...base, ...signature(alert.data), kind: "alert" } };
}

/**
 * What the schemas read, without anything nested: a number or a length is made of whatever is there, and an object with a `toString` of its own
 * throws where it is.
 */
function scalarsOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => typeof item !== "object"));
}

function missing(error: z.ZodError, prefix = ""): string {
  const issue = error.issues[0];
  const path = issue?.path.join(".") ?? "";
  return `${prefix}${path} is missing or has the wrong type`.replace(/^alert\. is/, "alert is").slice(0, 200);
}

function network(eve: z.infer<typeof eveRecord>): Pick<Alert, "actors" | "src" | "dest" | "protocol"> {
  const src = endpoint(eve.src_ip, eve.src_port);
  const dest = endpoint(eve.dest_ip, eve.dest_port);
  const protocol = [eve.proto?.toLowerCase(), eve.app_proto?.toLowerCase()].filter(
    (name) => name !== undefined && name !== "failed",
  );
  return {
    actors: actorsOf(src, dest),
    ...(src === undefined ? {} : { src }),
    ...(dest === undefined ? {} : { dest }),
    ...(protocol.length === 0 ? {} : { protocol: cleanText(protocol.join("/"), 40) }),
  };
}

function endpoint(address: string | undefined, portNumber: number | undefined): Endpoint | undefined {
  const ip = address === undefined ? undefined : normaliseIp(address);
  if (ip === undefined) return undefined;
  return portNumber === undefined ? { ip } : { ip, port: portNumber };
}

function actorsOf(src: Endpoint | undefined, dest: Endpoint | undefined): Actors {
  const ips = [src?.ip, dest?.ip].filter((ip) => ip !== undefined);
  return { hosts: [], ips: [...new Set(ips)], users: [] };
}

function signature(
  alert: z.infer<typeof eveAlert>,
): Pick<Alert, "signature" | "signatureId" | "category" | "severity"> {
  const named = cleanText(alert.signature, 200);
  const title = named === "" ? cleanText(`Rule ${alert.signature_id ?? "without a message"}`, 200) : named;
  const category =
    alert.category === undefined || alert.category === "" ? undefined : cleanText(alert.category, 120);
  const family = signatureFamily(title, category ?? "");
  return {
    signature: title,
    ...(alert.signature_id === undefined ? {} : { signatureId: cleanText(alert.signature_id, 40) }),
    ...(category === undefined ? {} : { category }),
    severity: family.adjust(prioritySeverity(alert.severity)),
  };
}

/** Suricata's `severity` is the rule's priority: 1 is the most urgent, 255 the least (docs.suricata.io, "classtype", "priority"). */
function prioritySeverity(priority: number | undefined): Severity {
  if (priority === 1) return "high";
  return priority === 2 ? "medium" : "low";
}
