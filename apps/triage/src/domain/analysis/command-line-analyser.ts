import { detect } from "../detection/detect.ts";
import type { Alert } from "../model/alert.ts";
import type { Analyser, AnalyserResult, Evidence } from "./analyser.ts";
import { decodeCommand } from "./decode-command.ts";
import { extractUrls, hasAddressHost } from "./extract-urls.ts";
import { cite, FindingList, plural } from "./finding-list.ts";

const commandFields = [
  "CommandLine",
  "ParentCommandLine",
  "ProcessCommandLine",
  "ScriptBlockText",
  "ImagePath",
  "ServiceFileName",
];
const maxDistinctCommands = 20_000;
/** A command may be this long on Windows (CreateProcess: 32,767 characters); more is not looked at. */
const maxCommandChars = 16_384;

/** What was typed or started: known misuse of system programs, encoded commands decoded, where they reach out to. */
export const commandLineAnalyser: Analyser = {
  name: "command-line",
  analyse(evidence: Evidence): AnalyserResult {
    const findings = new FindingList("command-line");
    const seen = new Set<string>();
    for (const alert of evidence.alerts) {
      if (alert.source !== "windows") continue;
      for (const field of commandFields) {
        const command = Object.hasOwn(alert.fields, field)
          ? alert.fields[field]?.slice(0, maxCommandChars)
          : undefined;
        if (command === undefined || seen.has(command)) continue;
        if (seen.size < maxDistinctCommands) seen.add(command);
        examine(alert, field, command, findings);
      }
    }
    if (seen.size === 0) return findings.result("The evidence contains no command lines.");
    const suspicious = findings.size === 0 ? "none of them suspicious" : plural(findings.size, "finding");
    return findings.result(`${plural(seen.size, "distinct command line")}, ${suspicious}.`);
  },
};

function examine(alert: Alert, field: string, command: string, findings: FindingList): void {
  flagged(alert, field, command, "", findings);
  const layers = decodeCommand(command);
  for (const layer of layers) {
    findings.add(
      {
        id: "encoded-command",
        title: "Encoded command decoded",
        severity: "high",
        confidence: 0.85,
        technique: "T1027.010",
        detail: `Decoded text: ${layer.text}`,
      },
      { alertHash: alert.hash, field, excerpt: cite(alert, field).excerpt },
    );
    flagged(alert, field, `powershell ${layer.text}`, "decoded ", findings);
  }
  urls(
    alert,
    field,
    command,
    layers.map((layer) => layer.text),
    findings,
  );
  hiding(alert, field, command, findings);
}

/** The detection rules for started processes, on the command itself and on what was hidden in it. */
function flagged(alert: Alert, field: string, command: string, prefix: string, findings: FindingList): void {
  const fields = { ...alert.fields, CommandLine: command };
  for (const detection of detect({ log: "Sysmon", id: 1, fields })) {
    const detail = `The ${prefix}command line matches a known misuse (${detection.technique}): ${command}`;
    findings.addDetection(alert, { ...detection, field }, prefix === "" ? 0.9 : 0.8, detail);
  }
}

function urls(
  alert: Alert,
  field: string,
  command: string,
  decoded: readonly string[],
  findings: FindingList,
): void {
  const open = extractUrls(command);
  const hidden = decoded.flatMap((text) => extractUrls(text)).filter((url) => !open.includes(url));
  for (const url of [...open, ...hidden]) {
    const wasHidden = !open.includes(url);
    const risky = wasHidden || alert.kind === "alert" || hasAddressHost(url);
    findings.add(
      {
        id: `url:${url.slice(0, 300)}`,
        title: wasHidden ? "Address hidden in an encoded command" : "Command line reaches out to an address",
        severity: wasHidden ? "high" : risky ? "medium" : "low",
        confidence: risky ? 0.8 : 0.4,
        technique: "T1105",
        detail: url,
      },
      { ...cite(alert, field, url), ...(wasHidden ? { excerpt: `decoded: ${url.slice(0, 280)}` } : {}) },
    );
  }
}

/** Ways to keep a command from being read; each has an honest use alone, so one mark is not enough. */
const hidingMarks: readonly { readonly label: string; readonly pattern: RegExp }[] = [
  { label: "hidden window", pattern: /\s-w(i|in|ind|indo|indow|indows|indowstyle)?\s+(h|hidden|1)\b/i },
  { label: "no profile", pattern: /\s-nop(rofile)?\b/i },
  { label: "execution policy bypassed", pattern: /\s-(ep|ex\w*)\s+(bypass|unrestricted)\b/i },
  { label: "text cut up by carets or backticks", pattern: /(\w[\^`]){4,}/ },
  {
    label: "text put together from pieces",
    pattern: /(['"]\s*\+\s*['"][^'"]{0,12}){3,}|(\[char\]\s*\d+\s*(?:\+\s*)?){4,}/i,
  },
  { label: "run from a string", pattern: /\biex\b|invoke-expression/i },
  { label: "text reversed or replaced", pattern: /-join\s*\(?.*\[-1\s*\.\.|\.replace\(.*\.replace\(/i },
];

function hiding(alert: Alert, field: string, command: string, findings: FindingList): void {
  const marks = hidingMarks
    .filter((mark) => mark.pattern.test(command.slice(0, 8192)))
    .map((mark) => mark.label);
  if (marks.length < 2) return;
  findings.add(
    {
      id: "hidden-command",
      title: "Command made hard to see or read",
      severity: marks.length >= 3 ? "high" : "medium",
      confidence: Math.min(0.4 + marks.length * 0.15, 0.9),
      technique: "T1027",
      detail: `Marks: ${marks.join(", ")}.`,
    },
    cite(alert, field),
  );
}
