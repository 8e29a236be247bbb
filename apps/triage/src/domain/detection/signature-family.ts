import type { IncidentType } from "../model/incident-type.ts";
import { type Severity, severityOfRank, severityRank } from "../model/severity.ts";

export interface SignatureFamily {
  readonly id: FamilyId;
  readonly label: string;
  readonly type: IncidentType;
  /** The severity an analyst would give, from the one the rule's priority gives. */
  readonly adjust: (severity: Severity) => Severity;
}

export type FamilyId =
  | "malware"
  | "phishing"
  | "exfiltration"
  | "brute-force"
  | "reputation"
  | "intrusion"
  | "scan"
  | "policy"
  | "protocol-anomaly"
  | "other";

interface FamilyRule extends SignatureFamily {
  readonly signature?: RegExp;
  readonly category?: RegExp;
}

const asIs = (severity: Severity): Severity => severity;
const atMost = (limit: Severity) => (severity: Severity) =>
  severityOfRank(Math.min(severityRank(severity), severityRank(limit)));
const atLeast = (limit: Severity) => (severity: Severity) =>
  severityOfRank(Math.max(severityRank(severity), severityRank(limit)));

/**
 * Families by rule-set prefix (Emerging Threats "ET", Talos "GPL") and by classification (Suricata's classification.config). The first
 * that matches wins, so the narrow ones come first. Priorities need correcting: the rule sets give a chat program's
 * "corporate privacy violation" the same priority 1 as a Trojan.
 */
const families: readonly FamilyRule[] = [
  {
    id: "exfiltration",
    label: "data leaving the network",
    type: "suspected-exfiltration",
    signature: /\bexfil|\bdata (theft|leak)|dns tunnel|\b(iodine|dnscat)/i,
    adjust: atLeast("high"),
  },
  {
    id: "phishing",
    label: "phishing",
    type: "phishing",
    signature: /phish|credential harvest/i,
    category: /social engineering|credential theft/i,
    adjust: atLeast("high"),
  },
  {
    id: "brute-force",
    label: "password guessing",
    type: "credential-access",
    signature:
      /(?<!\b(file|dir|directory) )brute.?force|password (guess|spray)|(multiple|excessive|repeated) (failed )?(login|logon|auth)|login failed/i,
    adjust: atLeast("medium"),
  },
  {
    id: "reputation",
    label: "traffic from listed addresses",
    type: "reconnaissance",
    signature: /^ET (CINS|DROP|COMPROMISED|DSHIELD|TOR|RBN|3CORESEC)\b/i,
    // Anyone reachable from the Internet sees these all day; alone they say little.
    adjust: atMost("low"),
  },
  {
    id: "malware",
    label: "malware",
    type: "malware",
    signature: /ransom(ware)?\b/i,
    category: /^successful administrator privilege gain$/i,
    adjust: atLeast("critical"),
  },
  {
    id: "malware",
    label: "malware",
    type: "malware",
    signature:
      /^(ET|ETPRO|GPL) (MALWARE|TROJAN|CURRENT_EVENTS|EXPLOIT_KIT|MOBILE_MALWARE|WORM|COINMINER|BOTCC|JA3)\b/i,
    category: /command and control|exploit kit|targeted malicious|coin mining/i,
    adjust: atLeast("medium"),
  },
  {
    id: "intrusion",
    label: "intrusion attempts",
    type: "unauthorised-access",
    signature:
      /^(ET|ETPRO|GPL) (WEB_SERVER|WEB_SPECIFIC_APPS|WEB_CLIENT|EXPLOIT|ATTACK_RESPONSE|SQL|SHELLCODE|HUNTING|RPC|NETBIOS|DOS)\b/i,
    category: /web application attack|privilege gain|denial of service|executable code/i,
    adjust: asIs,
  },
  {
    id: "scan",
    label: "scanning",
    type: "reconnaissance",
    signature: /^(ET|ETPRO|GPL) (SCAN|SNMP|ICMP|ICMP_INFO|VOIP)\b|\bport ?scan/i,
    category: /network scan/i,
    adjust: atMost("medium"),
  },
  {
    id: "policy",
    label: "policy violations",
    type: "policy-violation",
    signature:
      /^(ET|ETPRO|GPL) (POLICY|CHAT|P2P|GAMES|INFO|INAPPROPRIATE|ADWARE_PUP|USER_AGENTS|DNS|DYN_DNS|TFTP|FTP|MISC)\b/i,
    category: /privacy violation|not suspicious|policy|potentially unwanted/i,
    adjust: (severity) => (severityRank(severity) >= severityRank("high") ? "medium" : "low"),
  },
  {
    id: "malware",
    label: "malware",
    type: "malware",
    category: /trojan/i,
    adjust: asIs,
  },
  {
    id: "protocol-anomaly",
    label: "malformed protocol traffic",
    type: "suspicious-activity",
    signature: /^SURICATA /,
    category: /protocol command decode/i,
    adjust: atMost("low"),
  },
];

const other: SignatureFamily = {
  id: "other",
  label: "unclassified alerts",
  type: "suspicious-activity",
  adjust: asIs,
};

export function signatureFamily(signature: string, category: string): SignatureFamily {
  return (
    families.find((family) => family.signature?.test(signature) || family.category?.test(category)) ?? other
  );
}
