import type { DetectionRule } from "./rule.ts";

/** The program at the end of a path, whatever the folder, with or without quotes. */
const program = (...names: readonly string[]): RegExp =>
  new RegExp(`(^|[\\\\/"])(${names.join("|")})(\\.exe)?"?$`, "i");
const office = program(
  "winword",
  "excel",
  "powerpnt",
  "outlook",
  "onenote",
  "msaccess",
  "mspub",
  "visio",
  "acrord32",
  "acrobat",
);
const shell = program(
  "cmd",
  "powershell",
  "pwsh",
  "wscript",
  "cscript",
  "mshta",
  "rundll32",
  "regsvr32",
  "bitsadmin",
  "certutil",
);
const webServer = program("w3wp", "httpd", "nginx", "tomcat\\d*", "php-cgi", "sqlservr");
const url = /\b(https?|ftp):\/\//i;

/**
 * Started processes (Sysmon 1, Security 4688). Behaviour of the binaries: lolbas-project.github.io; techniques: attack.mitre.org.
 * One `.*` in each alternative and no `\s+` before it: each further one would make the time grow by a power of the text's length.
 */
export const commandRules: readonly DetectionRule[] = [
  {
    id: "lsass-dump-comsvcs",
    title: "LSASS memory dump with comsvcs.dll MiniDump",
    severity: "critical",
    technique: "T1003.001",
    type: "credential-access",
    events: "process",
    // Export 24 is MiniDump by number, with or without the minus sign and the "+" obfuscation.
    all: [{ field: "commandLine", matches: /comsvcs(\.dll)?["']?[\s,]+(MiniDump|#[-+]?0*24)\b/i }],
  },
  {
    id: "lsass-dump-tool",
    title: "LSASS memory dump with a dumping tool",
    severity: "critical",
    technique: "T1003.001",
    type: "credential-access",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches: /\b(procdump(64)?|sqldumper|dumpminitool|rdrleakdiag|createdump)\b/i,
      },
      { field: "commandLine", matches: /lsass/i },
    ],
  },
  {
    id: "credential-tool",
    title: "Credential theft tool on a command line",
    severity: "critical",
    technique: "T1003",
    type: "credential-access",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches: /\b(sekurlsa|lsadump|kerberos)::\w+|invoke-mimikatz|\bnanodump\b|\bprivilege::debug\b/i,
      },
    ],
  },
  {
    id: "registry-hive-export",
    title: "Registry hive with password hashes exported",
    severity: "critical",
    technique: "T1003.002",
    type: "credential-access",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches: /\breg(\.exe)?"?\s+(save|export)\s+"?(hklm|hkey_local_machine)\\(sam|security|system)\b/i,
      },
    ],
  },
  {
    id: "ntds-export",
    title: "Domain password database copied",
    severity: "critical",
    technique: "T1003.003",
    type: "credential-access",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches:
          /ntdsutil.*\b(ifm|ac(tivate)?\s+i(nstance)?\s+ntds)|\bntds\.dit\b.*\b(copy|esentutl)|\b(copy|esentutl)\b.*\bntds\.dit\b/i,
      },
    ],
  },
  {
    id: "bits-download",
    title: "File downloaded with bitsadmin",
    severity: "high",
    technique: "T1197",
    type: "malware",
    events: "process",
    all: [
      { field: "commandLine", matches: /\bbitsadmin(\.exe)?\b.*[/-](transfer|addfile)\b/i },
      { field: "commandLine", matches: url },
    ],
  },
  {
    id: "certutil-download",
    title: "File downloaded or decoded with certutil",
    severity: "high",
    technique: "T1105",
    type: "malware",
    events: "process",
    all: [
      { field: "commandLine", matches: /\bcertutil(\.exe)?\b.*[/-](urlcache|verifyctl|decode(hex)?)\b/i },
      {
        field: "commandLine",
        matches: /[/-](urlcache|verifyctl)\b.*\b(https?|ftp):\/\/|[/-]decode(hex)?\b/i,
      },
    ],
  },
  {
    id: "mshta-remote",
    title: "mshta runs remote or inline script",
    severity: "high",
    technique: "T1218.005",
    type: "malware",
    events: "process",
    all: [{ field: "commandLine", matches: /\bmshta(\.exe)?"?\s.*(https?:\/\/|javascript:|vbscript:)/i }],
  },
  {
    id: "regsvr32-scriptlet",
    title: "regsvr32 runs a scriptlet",
    severity: "high",
    technique: "T1218.010",
    type: "malware",
    events: "process",
    all: [
      { field: "commandLine", matches: /\bregsvr32(\.exe)?\b.*([/-]i:\s*"?(https?:|\\\\)|scrobj\.dll)/i },
    ],
  },
  {
    id: "rundll32-script",
    title: "rundll32 runs script or a remote library",
    severity: "high",
    technique: "T1218.011",
    type: "malware",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches: /\brundll32(\.exe)?"?\s.*(javascript:|vbscript:|mshtml|\\\\[^\\\s]|https?:\/\/)/i,
      },
      {
        field: "commandLine",
        matches: /javascript:|vbscript:|mshtml.*runhtmlapplication|\\\\[^\\\s]+\\[^\s]+\.dll|https?:\/\//i,
      },
    ],
  },
  {
    id: "installer-remote",
    title: "msiexec installs a package from the network",
    severity: "high",
    technique: "T1218.007",
    type: "malware",
    events: "process",
    all: [
      { field: "commandLine", matches: /\bmsiexec(\.exe)?\b.*[/-](i|package|y|z)\b/i },
      { field: "commandLine", matches: /[/-](i|package|y|z)\b.*https?:\/\//i },
      { field: "commandLine", matches: /[/-]q/i },
    ],
  },
  {
    id: "wmic-process-create",
    title: "Process started through WMI",
    severity: "high",
    technique: "T1047",
    type: "unauthorised-access",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches: /\bwmic(\.exe)?\b.*(\bprocess\s+call\s+"?create|[/-]format:\s*"?https?:)/i,
      },
    ],
  },
  {
    id: "powershell-encoded",
    title: "PowerShell with an encoded command",
    severity: "high",
    technique: "T1059.001",
    type: "malware",
    events: "process",
    // PowerShell takes every unambiguous prefix of -EncodedCommand, and -ec (about_PowerShell_exe); base64 of UTF-16LE text.
    all: [
      {
        field: "commandLine",
        matches:
          /\b(powershell|pwsh)(\.exe)?\b.*\s[-/\u2013]e(c|n|nc|nco|ncod|ncode|ncoded|ncodedc\w*)?\s+["']?[A-Za-z0-9+/]{16,}={0,2}/i,
      },
    ],
  },
  {
    id: "powershell-download",
    title: "PowerShell downloads and runs code",
    severity: "high",
    technique: "T1059.001",
    type: "malware",
    events: "process",
    all: [
      { field: "commandLine", matches: /\b(powershell|pwsh)\b/i },
      {
        field: "commandLine",
        matches:
          /download(string|file|data)\s*\(|\b(iwr|invoke-webrequest|invoke-restmethod|irm|start-bitstransfer)\b/i,
      },
      {
        field: "commandLine",
        matches: /\biex\b|invoke-expression|-w(indowstyle)?\s+h(idden)?|-nop(rofile)?\b/i,
      },
    ],
  },
  {
    id: "office-child",
    title: "Office program starts a command interpreter",
    severity: "high",
    technique: "T1204.002",
    type: "phishing",
    events: "process",
    all: [
      { field: "parentImage", matches: office },
      { field: "image", matches: shell },
    ],
    cites: "commandLine",
  },
  {
    id: "web-server-child",
    title: "Web or database server starts a command interpreter",
    severity: "high",
    technique: "T1505.003",
    type: "unauthorised-access",
    events: "process",
    all: [
      { field: "parentImage", matches: webServer },
      { field: "image", matches: shell },
    ],
    cites: "commandLine",
  },
  {
    id: "shadow-copies-deleted",
    title: "Backups or shadow copies deleted",
    severity: "critical",
    technique: "T1490",
    type: "malware",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches:
          /\bvssadmin(\.exe)?\b.*\bdelete\s+shadows|\bwmic\b.*\bshadowcopy\s+delete|\bwbadmin\b.*\bdelete\s+(catalog|systemstatebackup)|\bbcdedit\b.*\brecoveryenabled\s+no\b/i,
      },
    ],
  },
  {
    id: "log-cleared-command",
    title: "Event log cleared from the command line",
    severity: "high",
    technique: "T1070.001",
    type: "defence-evasion",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches: /\bwevtutil(\.exe)?"?\s+(cl|clear-log)\b|\b(clear|remove)-eventlog\b/i,
      },
    ],
  },
  {
    id: "defender-disabled",
    title: "Malware protection switched off",
    severity: "high",
    technique: "T1562.001",
    type: "defence-evasion",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches:
          /set-mppreference.*-disable\w+\s+(\$?true|1)\b|add-mppreference.*-exclusionpath|\b(sc(\.exe)?|net1?)"?\s+(stop|config)\s+"?(windefend|sense)\b/i,
      },
    ],
  },
  {
    id: "scheduled-task-command",
    title: "Scheduled task created that runs an interpreter or a file from a user folder",
    severity: "medium",
    technique: "T1053.005",
    type: "malware",
    events: "process",
    all: [
      { field: "commandLine", matches: /\bschtasks(\.exe)?"?\s.*[/-]create\b/i },
      {
        field: "commandLine",
        matches:
          /[/-]tr\s.*(powershell|pwsh|cmd(\.exe)?\s+\/c|mshta|rundll32|regsvr32|wscript|cscript|\\temp\\|\\appdata\\|\\users\\public\\|\\programdata\\)/i,
      },
    ],
  },
  {
    id: "service-command",
    title: "Service created from the command line",
    severity: "medium",
    technique: "T1543.003",
    type: "unauthorised-access",
    events: "process",
    all: [{ field: "commandLine", matches: /\bsc(\.exe)?"?\s+(\\\\\S+\s+)?(create|config)\s.*binpath\s*=/i }],
  },
  {
    id: "account-command",
    title: "Account or administrator added from the command line",
    severity: "medium",
    technique: "T1136.001",
    type: "unauthorised-access",
    events: "process",
    all: [{ field: "commandLine", matches: /\bnet1?(\.exe)?"?\s+(user|localgroup|group)\s.*[/-]add\b/i }],
  },
  {
    id: "admin-share-command",
    title: "File copied to a remote administrative share",
    severity: "medium",
    technique: "T1021.002",
    type: "unauthorised-access",
    events: "process",
    all: [
      {
        field: "commandLine",
        matches: /\b(copy|xcopy|robocopy|copy-item|cp|move)\b.*\\\\[^\\\s"]+\\(admin|[a-z])\$/i,
      },
    ],
  },
  {
    id: "remote-execution-tool",
    title: "Program started on another host",
    severity: "high",
    technique: "T1569.002",
    type: "unauthorised-access",
    events: "process",
    all: [{ field: "commandLine", matches: /\b(psexec(64)?|paexec)(\.exe)?"?\s.*\\\\[^\\\s]+\s/i }],
  },
  {
    id: "archive-with-password",
    title: "Files packed into a password-protected archive",
    severity: "medium",
    technique: "T1560.001",
    type: "suspected-exfiltration",
    events: "process",
    all: [{ field: "commandLine", matches: /\b(rar|winrar|7za?|7z)(\.exe)?"?\s+a\b.*\s-(hp|p)\S+/i }],
  },
];
