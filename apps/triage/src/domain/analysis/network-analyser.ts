import { signatureFamily } from "../detection/signature-family.ts";
import type { Alert } from "../model/alert.ts";
import { isInternalIp, normaliseIp } from "../network/ip-address.ts";
import type { Analyser, AnalyserResult, Evidence } from "./analyser.ts";
import { rhythmOf } from "./beacon.ts";
import { BoundedMap } from "./bounded-map.ts";
import { cite, FindingList, plural } from "./finding-list.ts";
import { isCommonPort, logonService } from "./ports.ts";
import { type Flow, Traffic } from "./traffic.ts";

const scannedPorts = 12;
const scannedHosts = 12;
/** Software that updates itself comes as regularly, but not so exactly. */
const beaconVariation = 0.25;
const guessingConnections = 15;
const exfiltrationBytes = 50_000_000;
const exfiltrationRatio = 5;

interface SignatureCount {
  count: number;
  sample: Alert | undefined;
}

/** How hosts talked: scans, beacons by their rhythm, rare ports, password guessing, volume, what signatures fired. */
export const networkAnalyser: Analyser = {
  name: "network",
  analyse(evidence: Evidence): AnalyserResult {
    const findings = new FindingList("network");
    const traffic = new Traffic();
    const signatures = new BoundedMap<SignatureCount>(1000, () => ({ count: 0, sample: undefined }));
    for (const alert of evidence.alerts) {
      traffic.add(alert);
      if (alert.source !== "suricata" || alert.kind !== "alert") continue;
      const entry = signatures.at(alert.signature ?? "");
      if (entry === undefined) continue;
      entry.count++;
      entry.sample ??= alert;
    }
    signatureFindings(signatures, findings);
    scans(traffic, findings);
    for (const [, flow] of traffic.flows.entries()) flowFindings(flow, findings);
    answeredAttacks(traffic, findings);
    return findings.result(summary(traffic));
  },
};

function summary(traffic: Traffic): string {
  const { inbound, outbound, internal, unknown } = traffic.byDirection;
  if (inbound + outbound + internal + unknown === 0) return "The evidence contains no network traffic.";
  const parts = [`${inbound} inbound`, `${outbound} outbound`, `${internal} internal`];
  if (unknown > 0) parts.push(`${unknown} between public addresses`);
  return `Connections in the evidence: ${parts.join(", ")}.`;
}

function signatureFindings(signatures: BoundedMap<SignatureCount>, findings: FindingList): void {
  for (const [signature, { count, sample }] of signatures.entries()) {
    if (sample === undefined) continue;
    const family = signatureFamily(signature, sample.category ?? "");
    const url = sample.fields["http.url"];
    findings.add(
      {
        id: `signature:${sample.signatureId ?? signature}`,
        title: signature,
        severity: sample.severity,
        confidence: family.id === "policy" || family.id === "protocol-anomaly" ? 0.4 : 0.6,
        type: family.type,
        detail: `${plural(count, "alert")}; first ${sample.src?.ip ?? "?"} to ${sample.dest?.ip ?? "?"} port ${sample.dest?.port ?? "?"}.`,
      },
      cite(sample, "alert.signature"),
      ...(url === undefined ? [] : [cite(sample, "http.url")]),
    );
  }
}

function scans(traffic: Traffic, findings: FindingList): void {
  for (const [client, reach] of traffic.reach.entries()) {
    const wide = reach.hosts.size >= scannedHosts;
    const deep = reach.ports.size >= scannedPorts && reach.ports.size > reach.hosts.size;
    // A workstation reaches many servers on the ports of the web; a scanner reaches many hosts inside, or many odd ports.
    const usual =
      [...reach.ports].every((port) => isCommonPort(port)) &&
      isInternalIp(client) &&
      ![...reach.hosts].every(isInternalIp);
    if ((!wide && !deep) || usual || reach.sample === undefined) continue;
    findings.add(
      {
        id: `scan:${client}`,
        title: deep ? `${client} scanned ports` : `${client} swept hosts`,
        severity: isInternalIp(client) ? "high" : "medium",
        confidence: Math.min(0.5 + Math.max(reach.hosts.size, reach.ports.size) / 100, 0.95),
        technique: isInternalIp(client) ? "T1046" : "T1595.001",
        type: "reconnaissance",
        detail: `Reached ${plural(reach.hosts.size, "host")} on ${plural(reach.ports.size, "port")}.`,
      },
      cite(reach.sample, reach.sample.source === "suricata" ? "dest_port" : "DestinationPort"),
    );
  }
}

function flowFindings(flow: Flow, findings: FindingList): void {
  const { conversation, sample } = flow;
  if (conversation === undefined || sample === undefined) return;
  const field = addressField(sample, conversation.server);
  beacon(flow, conversation.client, conversation.server, findings, field);
  const port = conversation.serverPort;
  if (port === undefined) return;
  if (conversation.direction === "outbound" && !isCommonPort(port) && sample.kind === "alert") {
    findings.add(
      {
        id: `rare-port:${conversation.server}:${port}`,
        title: `Flagged connection out to the unusual port ${port}`,
        severity: "medium",
        confidence: 0.6,
        technique: "T1571",
        detail: `${conversation.client} reached ${conversation.server} on port ${port}, which no common service uses.`,
      },
      cite(sample, field),
    );
  }
  passwordGuessing(flow, port, findings, field);
  exfiltration(flow, findings, field);
}

/** The field that holds this address: a reply names the server as its source. */
function addressField(alert: Alert, ip: string): string {
  const names =
    alert.source === "suricata"
      ? ["dest_ip", "src_ip"]
      : ["DestinationIp", "DestAddress", "SourceIp", "SourceAddress", "IpAddress"];
  return (
    names.find((name) => Object.hasOwn(alert.fields, name) && normaliseIp(alert.fields[name] ?? "") === ip) ??
    names[0] ??
    ""
  );
}

function beacon(flow: Flow, client: string, server: string, findings: FindingList, field: string): void {
  if (
    flow.sample === undefined ||
    flow.conversation?.direction === "internal" ||
    flow.conversation?.direction === "inbound"
  )
    return;
  const rhythm = rhythmOf(flow.times);
  if (rhythm === undefined || rhythm.variation > beaconVariation) return;
  findings.add(
    {
      id: `beacon:${client}:${server}:${flow.conversation?.serverPort ?? ""}`,
      title: `${client} calls ${server} every ${Math.round(rhythm.meanSeconds)} seconds`,
      severity: "high",
      confidence: Math.min(0.95, 0.6 + (beaconVariation - rhythm.variation) + rhythm.intervals / 200),
      technique: "T1071",
      type: "malware",
      detail: `${rhythm.intervals + 1} connections; the intervals vary by ${(rhythm.variation * 100).toFixed(0)} % of their mean, where people and chance vary by about 100 %.`,
    },
    cite(flow.sample, field),
  );
}

function passwordGuessing(flow: Flow, port: number, findings: FindingList, field: string): void {
  const service = logonService(port);
  if (service === undefined || flow.count < guessingConnections || flow.sample?.kind !== "alert") return;
  const spanMinutes = (Math.max(...flow.times) - Math.min(...flow.times)) / 60_000;
  const perMinute = flow.times.length / Math.max(spanMinutes, 1);
  if (perMinute < 1) return;
  const { client, server } = flow.conversation ?? { client: "?", server: "?" };
  findings.add(
    {
      id: `guessing:${client}:${server}:${port}`,
      title: `${client} tries ${service} logons on ${server}`,
      severity: "high",
      confidence: Math.min(0.5 + flow.count / 200, 0.9),
      technique: "T1110",
      type: "credential-access",
      detail: `${flow.count} flagged connections, about ${Math.round(perMinute)} a minute.`,
    },
    cite(flow.sample, field),
  );
}

function exfiltration(flow: Flow, findings: FindingList, field: string): void {
  if (flow.conversation?.direction !== "outbound" || flow.sample === undefined) return;
  if (flow.bytesOut < exfiltrationBytes || flow.bytesOut < flow.bytesIn * exfiltrationRatio) return;
  findings.add(
    {
      id: `volume:${flow.conversation.client}:${flow.conversation.server}`,
      title: `${flow.conversation.client} sent much more than it received`,
      severity: "high",
      confidence: 0.65,
      technique: "T1048",
      type: "suspected-exfiltration",
      detail: `${megabytes(flow.bytesOut)} MB sent to ${flow.conversation.server}, ${megabytes(flow.bytesIn)} MB received.`,
    },
    cite(flow.sample, field),
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

/** An attacked host that connects back to its attacker has probably been taken. */
function answeredAttacks(traffic: Traffic, findings: FindingList): void {
  const attacks = new Map<string, Flow>();
  for (const [, flow] of traffic.flows.entries()) {
    const { conversation, sample } = flow;
    if (conversation?.direction === "inbound" && sample?.kind === "alert")
      attacks.set(`${conversation.client} ${conversation.server}`, flow);
  }
  for (const [, { conversation, sample }] of traffic.flows.entries()) {
    if (conversation?.direction !== "outbound" || sample === undefined) continue;
    const attack = attacks.get(`${conversation.server} ${conversation.client}`);
    if (attack?.sample === undefined) continue;
    findings.add(
      {
        id: `answered:${conversation.client}:${conversation.server}`,
        title: `${conversation.client} connected back to its attacker`,
        severity: "critical",
        confidence: sample.kind === "alert" ? 0.85 : 0.6,
        technique: "T1059",
        type: "unauthorised-access",
        detail: `${conversation.server} attacked ${conversation.client}, which then opened a connection to ${conversation.server} port ${conversation.serverPort ?? "?"}.`,
      },
      cite(sample, addressField(sample, conversation.server)),
      cite(attack.sample, "alert.signature"),
    );
  }
}
