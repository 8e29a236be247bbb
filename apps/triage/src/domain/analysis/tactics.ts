/** Stages of an attack by technique: MITRE ATT&CK Enterprise tactics, attack.mitre.org/tactics/enterprise. */
const tactics: Readonly<Record<string, string>> = {
  T1595: "reconnaissance",
  T1046: "discovery",
  T1204: "execution",
  T1047: "execution",
  T1059: "execution",
  T1569: "execution",
  T1053: "persistence",
  T1136: "persistence",
  T1098: "persistence",
  T1505: "persistence",
  T1543: "persistence",
  T1546: "persistence",
  T1547: "persistence",
  T1197: "command and control",
  T1055: "defence evasion",
  T1070: "defence evasion",
  T1218: "defence evasion",
  T1562: "defence evasion",
  T1027: "defence evasion",
  T1003: "credential access",
  T1110: "credential access",
  T1558: "credential access",
  T1021: "lateral movement",
  T1570: "lateral movement",
  T1560: "collection",
  T1071: "command and control",
  T1105: "command and control",
  T1571: "command and control",
  T1048: "exfiltration",
  T1490: "impact",
};

/** The tactic of a technique or sub-technique, or undefined where this product has no rule for it. */
export function tacticOf(technique: string): string | undefined {
  return tactics[technique.split(".")[0] ?? ""];
}
