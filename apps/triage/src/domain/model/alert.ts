import type { IncidentType } from "./incident-type.ts";
import type { Severity } from "./severity.ts";

export type AlertSource = "suricata" | "windows";

export interface Endpoint {
  readonly ip: string;
  readonly port?: number;
}

export interface Actors {
  /** Lower-case host names. */
  readonly hosts: readonly string[];
  readonly ips: readonly string[];
  /** Lower-case account names, with the domain where the record gives one (`domain\user`). */
  readonly users: readonly string[];
}

/** One detection rule that a Windows record met. */
export interface Detection {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** MITRE ATT&CK technique id, such as T1003.001. */
  readonly technique: string;
  readonly type: IncidentType;
  /** Name of the field in `Alert.fields` that the rule matched on. */
  readonly field: string;
}

/** One record of the input, in the shape everything behind ingest works with. */
export interface Alert {
  /** Hex SHA-256 of the record's canonical JSON: records that differ only in key order or white space are equal. */
  readonly hash: string;
  readonly source: AlertSource;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  /** An alert opens or joins an incident; telemetry is kept as evidence and opens none. */
  readonly kind: "alert" | "telemetry";
  /** What was recorded: `alert`, `flow`, `dns` for Suricata; `Security/4688`, `Sysmon/10` for Windows. */
  readonly event: string;
  readonly signature?: string;
  readonly signatureId?: string;
  readonly category?: string;
  readonly technique?: string;
  readonly severity: Severity;
  readonly detections: readonly Detection[];
  readonly actors: Actors;
  readonly src?: Endpoint;
  readonly dest?: Endpoint;
  readonly protocol?: string;
  /** The record's scalar values by dotted path, each cut to 16,384 characters; what rules and citations refer to. */
  readonly fields: Readonly<Record<string, string>>;
  /** The record as it came in. */
  readonly rawJson: string;
}
