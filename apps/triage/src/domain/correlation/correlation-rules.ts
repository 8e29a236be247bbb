import type { FamilyId } from "../detection/signature-family.ts";
import type { AlertSource } from "../model/alert.ts";
import type { IncidentType } from "../model/incident-type.ts";
import type { Direction } from "../network/direction.ts";
import type { KeyField } from "./key-field.ts";

/** Which alerts become one incident. The first rule that applies to an alert and finds all of its key fields decides. */
export interface CorrelationRule {
  readonly id: string;
  readonly label: string;
  /** Absent means any. */
  readonly source?: AlertSource;
  /** Any of these; absent means all. */
  readonly families?: readonly FamilyId[];
  readonly directions?: readonly Direction[];
  /** Only alerts that carry this field, such as `http.url`. */
  readonly needs?: string;
  /** Alerts that agree in these belong together. */
  readonly by: readonly KeyField[];
  /** Fixed windows counted from 1970 UTC, so that the key depends on the alert alone and never on what came before it. */
  readonly windowHours: number;
  /** `{signature}` is the leading alert's; the rest are key fields. */
  readonly title: string;
  /** Absent: the type of the leading alert. */
  readonly type?: IncidentType;
  readonly why: string;
}

const inward: readonly Direction[] = ["inbound", "unknown"];

export const correlationRules: readonly CorrelationRule[] = [
  {
    id: "endpoint",
    label: "Detections on one host",
    source: "windows",
    by: ["host"],
    windowHours: 6,
    title: "{signature} on {host}",
    why: "What an intruder does on a host follows step by step within hours, so detections on the same host are read as one story.",
  },
  {
    id: "exfiltration",
    label: "Data leaving one host",
    source: "suricata",
    families: ["exfiltration"],
    by: ["insideHost"],
    windowHours: 24,
    title: "{signature} from {insideHost}",
    why: "Data leaves a host in many transfers, often to changing destinations; the host is what they have in common.",
  },
  {
    id: "phishing",
    label: "Phishing that reached one host",
    source: "suricata",
    families: ["phishing"],
    by: ["insideHost"],
    windowHours: 24,
    title: "{signature} on {insideHost}",
    why: "The page, the form that was sent and what was downloaded afterwards concern the person who sits at that host.",
  },
  {
    id: "brute-force",
    label: "Password guessing by one sender",
    source: "suricata",
    families: ["brute-force"],
    by: ["sender", "receiver"],
    windowHours: 24,
    title: "{signature}: {sender} against {receiver}",
    why: "Each attempt raises an alert of its own; who guesses and whose passwords make it one attack.",
  },
  {
    id: "listed-addresses",
    label: "Traffic from listed addresses to one network",
    source: "suricata",
    families: ["reputation"],
    by: ["receiverNetwork"],
    windowHours: 168,
    title: "Traffic from listed hostile addresses to {receiverNetwork}",
    why: "Lists of hostile addresses fire once per address. One by one they are noise; how many reached a network in a week is worth a look.",
  },
  {
    id: "malware",
    label: "Malware traffic of one host",
    source: "suricata",
    families: ["malware"],
    directions: ["outbound", "internal", "unknown"],
    by: ["insideHost"],
    windowHours: 72,
    title: "{signature} on {insideHost}",
    why: "An infected host shows a download, then check-ins, then more downloads from several servers; the host is what has to be cleaned.",
  },
  {
    id: "web-scan",
    label: "Attacks by one sender",
    source: "suricata",
    families: ["scan"],
    directions: inward,
    needs: "http.url",
    by: ["attacker"],
    windowHours: 24,
    title: "Attacks from {attacker}: {signature}",
    type: "unauthorised-access",
    why: "A scanner for web applications tries many weaknesses, and each raises its own signature; the sender is what they have in common.",
  },
  {
    id: "intrusion",
    label: "Attacks by one sender",
    source: "suricata",
    families: ["intrusion"],
    by: ["attacker"],
    windowHours: 24,
    title: "Attacks from {attacker}: {signature}",
    type: "unauthorised-access",
    why: "An attacker tries many weaknesses, and each raises its own signature; the sender is what they have in common.",
  },
  {
    id: "inbound",
    label: "Attacks by one sender",
    source: "suricata",
    families: ["malware", "policy", "protocol-anomaly", "other"],
    directions: ["inbound"],
    by: ["attacker"],
    windowHours: 24,
    title: "Attacks from {attacker}: {signature}",
    type: "unauthorised-access",
    why: "Unusual requests from outside to an inside server are read together with whatever else that sender tried on the same day.",
  },
  {
    id: "scan",
    label: "Scanning of one network",
    source: "suricata",
    families: ["scan"],
    by: ["receiverNetwork"],
    windowHours: 24,
    title: "Scanning of {receiverNetwork}: {signature}",
    why: "Scans come from many senders and touch many ports and neighbours; which network is being looked at is what counts.",
  },
  {
    id: "policy",
    label: "Policy violations of one host",
    source: "suricata",
    families: ["policy"],
    by: ["insideHost"],
    windowHours: 168,
    title: "{signature} by {insideHost}",
    type: "policy-violation",
    why: "One person's programs raise several policy alerts a week; they are settled in one conversation.",
  },
  {
    id: "other",
    label: "Other alerts of one host",
    source: "suricata",
    by: ["insideHost"],
    windowHours: 168,
    title: "{signature} at {insideHost}",
    type: "suspicious-activity",
    why: "No narrower rule applies: alerts of one host in one week are looked at together.",
  },
  {
    id: "unplaced",
    label: "Alerts without host or address",
    by: ["signature"],
    windowHours: 168,
    title: "{signature}",
    why: "These alerts name no host and no address, so the signature is all they have in common.",
  },
  {
    // Applies to whatever is left: an alert that no rule took would be stored and shown nowhere.
    id: "remaining",
    label: "Alerts that nothing else places",
    by: [],
    windowHours: 24,
    title: "{signature}",
    why: "These alerts name nothing by which they could be told apart, so those of one day are looked at together.",
  },
];

/**
 * The rules "web-scan", "intrusion" and "inbound" describe one sender's attack from three sides; sharing a group makes
 * their alerts one incident.
 */
export function ruleGroup(ruleId: string): string {
  return ruleId === "web-scan" || ruleId === "inbound" ? "intrusion" : ruleId;
}
