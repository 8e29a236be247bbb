export const incidentTypes = [
  "malware",
  "phishing",
  "unauthorised-access",
  "suspected-exfiltration",
  "credential-access",
  "defence-evasion",
  "reconnaissance",
  "policy-violation",
  "suspicious-activity",
] as const;
export type IncidentType = (typeof incidentTypes)[number];

const labels: Readonly<Record<IncidentType, string>> = {
  malware: "Malware",
  phishing: "Phishing",
  "unauthorised-access": "Unauthorised access",
  "suspected-exfiltration": "Suspected exfiltration",
  "credential-access": "Credential access",
  "defence-evasion": "Defence evasion",
  reconnaissance: "Reconnaissance",
  "policy-violation": "Policy violation",
  "suspicious-activity": "Suspicious activity",
};

export function incidentTypeLabel(type: IncidentType): string {
  return labels[type];
}
