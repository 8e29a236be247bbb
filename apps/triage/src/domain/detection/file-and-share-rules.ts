import type { DetectionRule } from "./rule.ts";

const executable = /\.(exe|dll|sys|scr|ps1|bat|cmd|vbs|js|hta|msi)$/i;

/** Files that arrive over SMB or from a download. */
export const fileAndShareRules: readonly DetectionRule[] = [
  {
    id: "admin-share-write",
    title: "Executable written to an administrative share",
    severity: "high",
    technique: "T1021.002",
    type: "unauthorised-access",
    events: { log: /^Security$/, ids: [5145] },
    all: [
      { field: "RelativeTargetName", matches: executable },
      { field: "ShareName", matches: /\\(admin|[a-z])\$$/i },
      // FILE_WRITE_DATA 0x2 or FILE_APPEND_DATA 0x4 (file access rights, winnt.h) are in the last hex digit.
      { field: "AccessMask", matches: /^0x[0-9a-f]*[2-7a-f]$/i },
    ],
  },
  {
    id: "remote-executable-drop",
    title: "Executable dropped over the network into a writable folder",
    severity: "medium",
    technique: "T1570",
    type: "unauthorised-access",
    // The SMB server writes in the kernel: Sysmon names the process "System".
    events: { log: /^Sysmon$/, ids: [11] },
    all: [
      { field: "TargetFilename", matches: executable },
      { field: "TargetFilename", matches: /\\(programdata|users|temp|windows\\temp|perflogs)\\/i },
      { field: "image", matches: /^System$/i },
    ],
  },
  {
    id: "startup-folder",
    title: "Script or program placed in a Startup folder",
    severity: "medium",
    technique: "T1547.001",
    type: "malware",
    events: { log: /^Sysmon$/, ids: [11] },
    all: [
      {
        field: "TargetFilename",
        matches: /\\Start Menu\\Programs\\Startup\\[^\\]+\.(exe|dll|scr|ps1|bat|cmd|vbs|js|hta|lnk)$/i,
      },
    ],
  },
  {
    id: "office-drop",
    title: "Office program writes an executable or a script",
    severity: "high",
    technique: "T1204.002",
    type: "phishing",
    events: { log: /^Sysmon$/, ids: [11] },
    all: [
      { field: "image", matches: /\\(winword|excel|powerpnt|outlook|onenote)\.exe$/i },
      { field: "TargetFilename", matches: executable },
    ],
    cites: "TargetFilename",
  },
];
