import type { DetectionRule } from "./rule.ts";

/** Logons and accounts in the Security log (learn.microsoft.com, "Advanced security audit policy settings"). */
export const accountRules: readonly DetectionRule[] = [
  {
    id: "account-created",
    title: "User account created",
    severity: "medium",
    technique: "T1136.001",
    type: "unauthorised-access",
    events: { log: /^Security$/, ids: [4720] },
    all: [{ field: "TargetUserName", matches: /^[^$]*$/ }],
  },
  {
    id: "admin-group-changed",
    title: "Member added to an administrators group",
    severity: "high",
    technique: "T1098.007",
    type: "unauthorised-access",
    // 4728 global, 4732 local, 4756 universal group. Well-known SIDs: -512 Domain Admins, -519 Enterprise Admins, S-1-5-32-544 Administrators.
    events: { log: /^Security$/, ids: [4728, 4732, 4756] },
    all: [{ field: "TargetSid", matches: /^S-1-5-(32-544|21-[\d-]+-(512|518|519))$/i }],
    cites: "TargetUserName",
  },
  {
    id: "logon-failed",
    title: "Logon with a wrong password from the network",
    severity: "low",
    technique: "T1110.001",
    type: "credential-access",
    // Logon type 3 is network, 10 is remote desktop; 0xC000006A wrong password, 0xC0000064 no such user (event 4625).
    events: { log: /^Security$/, ids: [4625] },
    all: [
      { field: "LogonType", matches: /^(3|10)$/ },
      { field: "IpAddress", matches: /^(?!(::1|127\.))[0-9a-f.:]{3,}$/i },
    ],
    cites: "IpAddress",
  },
  {
    id: "account-locked",
    title: "Account locked out",
    severity: "medium",
    technique: "T1110",
    type: "credential-access",
    events: { log: /^Security$/, ids: [4740] },
    all: [{ field: "TargetUserName", matches: /\S/ }],
  },
  {
    id: "kerberoasting",
    title: "Kerberos ticket requested with weak encryption",
    severity: "medium",
    technique: "T1558.003",
    type: "credential-access",
    // 0x17 is RC4-HMAC; services that run as machine accounts (NAME$) have random keys and are not worth cracking.
    events: { log: /^Security$/, ids: [4769] },
    all: [
      { field: "ServiceName", matches: /^(?!krbtgt$)[^$]+$/i },
      { field: "TicketEncryptionType", matches: /^0x1[78]$/i },
      { field: "Status", matches: /^0x0$/i },
    ],
  },
  {
    id: "directory-replication",
    title: "Password data requested by directory replication",
    severity: "critical",
    technique: "T1003.006",
    type: "credential-access",
    // Control access rights DS-Replication-Get-Changes and -All ([MS-ADTS] 5.1.3.2.1), asked for by a person's account.
    events: { log: /^Security$/, ids: [4662] },
    all: [
      { field: "Properties", matches: /1131f6a[ad]-9c07-11d1-f79f-00c04fc2dcd2/i },
      { field: "SubjectUserName", matches: /^[^$]+$/ },
    ],
    cites: "SubjectUserName",
  },
];
