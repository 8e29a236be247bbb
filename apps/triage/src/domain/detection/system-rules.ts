import type { DetectionRule } from "./rule.ts";

const system32 =
  /^[a-z]:\\windows\\(system32|syswow64|servicing|winsxs)\\|^[a-z]:\\program files( \(x86\))?\\|^[a-z]:\\programdata\\microsoft\\windows defender\\/i;

/** Logs, LSASS, services, tasks: events that Windows or Sysmon write themselves (learn.microsoft.com; Sysmon documentation). */
export const systemRules: readonly DetectionRule[] = [
  {
    id: "security-log-cleared",
    title: "Security audit log cleared",
    severity: "high",
    technique: "T1070.001",
    type: "defence-evasion",
    // 1102 is written to the emptied Security log by the Eventlog provider.
    events: { log: /^Security$/, ids: [1102] },
    all: [],
    cites: "Message",
  },
  {
    id: "event-log-cleared",
    title: "Event log cleared",
    severity: "medium",
    technique: "T1070.001",
    type: "defence-evasion",
    events: { log: /^System$/, ids: [104] },
    all: [{ field: "SourceName", matches: /eventlog/i }],
    cites: "Message",
  },
  {
    id: "lsass-access",
    title: "LSASS memory opened for reading",
    severity: "high",
    technique: "T1003.001",
    type: "credential-access",
    events: { log: /^Sysmon$/, ids: [10] },
    all: [
      { field: "TargetImage", matches: /\\lsass\.exe$/i },
      // PROCESS_VM_READ is bit 0x10; 0x1000 (query limited information) is what every service does (Win32 process rights).
      { field: "GrantedAccess", matches: /^0x[0-9a-f]*[13579bdf][0-9a-f]$/i },
      // Antivirus and Windows' own reporting open it so, from folders only an administrator can write; dual-use hosts do not count.
      {
        field: "SourceImage",
        matches:
          /\\(MsMpEng|WerFault|WerFaultSecure|csrss|wininit|services|lsm|MsSense|SenseIR|MRT|Taskmgr)\.exe$/i,
        not: true,
      },
    ],
    cites: "SourceImage",
  },
  {
    id: "lsass-handle",
    title: "LSASS process object read",
    severity: "high",
    technique: "T1003.001",
    type: "credential-access",
    // 4663: a right was used, not only granted. 0x10 is PROCESS_VM_READ.
    events: { log: /^Security$/, ids: [4663] },
    all: [
      { field: "ObjectName", matches: /\\lsass\.exe$/i },
      { field: "AccessMask", matches: /^0x(10|1410|1010|1438|143a|1fffff)$/i },
      {
        field: "ProcessName",
        matches: /\\(MsMpEng|WerFault|WerFaultSecure|csrss|wininit|services|MsSense|MRT)\.exe$/i,
        not: true,
      },
    ],
    cites: "ProcessName",
  },
  {
    id: "memory-dump-file",
    title: "Process memory dump written",
    severity: "high",
    technique: "T1003.001",
    type: "credential-access",
    events: { log: /^Sysmon$/, ids: [11] },
    all: [
      { field: "TargetFilename", matches: /lsass[^\\]*\.(dmp|mdmp|bin|zip)$/i },
      { field: "image", matches: /\\(WerFault|WerFaultSecure|Taskmgr)\.exe$/i, not: true },
    ],
  },
  {
    id: "service-installed",
    title: "Service installed that runs an interpreter or a file from a user folder",
    severity: "high",
    technique: "T1543.003",
    type: "unauthorised-access",
    events: { log: /^(System|Security)$/, ids: [7045, 4697] },
    all: [
      {
        field: "serviceFile",
        matches:
          /powershell|%comspec%|cmd(\.exe)?\s+\/c|mshta|rundll32|\\\\127\.0\.0\.1\\|\\admin\$\\|\\temp\\|\\users\\|\\appdata\\|\\programdata\\(?!microsoft\\)|\bpsexesvc/i,
      },
    ],
  },
  {
    id: "task-registered",
    title: "Scheduled task registered that runs an interpreter or a file from a user folder",
    severity: "medium",
    technique: "T1053.005",
    type: "malware",
    events: { log: /^Security$/, ids: [4698] },
    all: [
      {
        field: "TaskContent",
        matches:
          /<Command>[^<]*(powershell|cmd\.exe|mshta|rundll32|regsvr32|wscript|cscript|\\temp\\|\\appdata\\|\\users\\public\\)/i,
      },
    ],
  },
  {
    id: "powershell-script-block",
    title: "PowerShell ran code that hides or downloads its payload",
    severity: "high",
    technique: "T1059.001",
    type: "malware",
    events: { log: /PowerShell/i, ids: [4104, 4103, 800] },
    all: [
      {
        field: "script",
        matches:
          /invoke-mimikatz|sekurlsa::|frombase64string\s*\(.*\b(iex|invoke-expression)\b|\b(iex|invoke-expression)\b.*(downloadstring|frombase64string)|amsiutils/is,
      },
    ],
  },
  {
    id: "remote-thread",
    title: "Code started inside another process",
    severity: "high",
    technique: "T1055.003",
    type: "malware",
    events: { log: /^Sysmon$/, ids: [8] },
    all: [
      { field: "SourceImage", matches: system32, not: true },
      {
        field: "TargetImage",
        matches: /\\(lsass|winlogon|explorer|svchost|notepad|services|spoolsv|dllhost)\.exe$/i,
      },
    ],
    cites: "SourceImage",
  },
  {
    id: "run-key",
    title: "Program set to start at logon from a user folder or interpreter",
    severity: "medium",
    technique: "T1547.001",
    type: "malware",
    events: { log: /^Sysmon$/, ids: [13] },
    all: [
      {
        field: "TargetObject",
        matches:
          /\\Microsoft\\Windows( NT)?\\CurrentVersion\\(Run|RunOnce|Winlogon\\(Shell|Userinit))(\\|$)/i,
      },
      {
        field: "Details",
        matches: /\\temp\\|\\users\\public\\|powershell|mshta|wscript|cscript|rundll32|regsvr32|https?:\/\//i,
      },
    ],
    cites: "Details",
  },
  {
    id: "wmi-subscription",
    title: "WMI event subscription that runs a command",
    severity: "high",
    technique: "T1546.003",
    type: "malware",
    events: { log: /^Sysmon$/, ids: [20] },
    all: [{ field: "Destination", matches: /powershell|cmd(\.exe)?|mshta|wscript|cscript|https?:/i }],
  },
];
