import type { IncidentType } from "../model/incident-type.ts";
import type { Severity } from "../model/severity.ts";

/** What a rule sees of a Windows record. `log` is the channel's short name: `Security`, `System`, `Sysmon`, `PowerShell`. */
export interface WindowsRecord {
  readonly log: string;
  readonly id: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** Names that several event types use for one thing, so that a rule is written once. */
export const fieldAliases = {
  /** The started or acting program: Sysmon `Image`, Security 4688 `NewProcessName`. */
  image: ["Image", "NewProcessName", "ProcessName", "SourceImage"],
  parentImage: ["ParentImage", "ParentProcessName"],
  commandLine: ["CommandLine", "ProcessCommandLine"],
  script: ["ScriptBlockText", "Payload"],
  /** 7045 writes `ImagePath`, 4697 `ServiceFileName`. */
  serviceFile: ["ImagePath", "ServiceFileName"],
} as const;
export type FieldAlias = keyof typeof fieldAliases;

/** All conditions of a clause hold. `field` is an alias or a Windows field name. */
export interface Condition {
  readonly field: FieldAlias | (string & {});
  readonly matches: RegExp;
  readonly not?: boolean;
}

/** Event ids per log; `process` stands for a started process (Sysmon 1 or Security 4688). */
export type EventSelector = "process" | { readonly log: RegExp; readonly ids: readonly number[] };

export interface DetectionRule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** MITRE ATT&CK technique id. */
  readonly technique: string;
  readonly type: IncidentType;
  readonly events: EventSelector;
  readonly all: readonly Condition[];
  /** The field a citation shows; the first condition's where absent. */
  readonly cites?: FieldAlias | (string & {});
}
