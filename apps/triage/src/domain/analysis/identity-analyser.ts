import { accountRules } from "../detection/account-rules.ts";
import type { Alert } from "../model/alert.ts";
import { isInternalIp } from "../network/ip-address.ts";
import type { Analyser, AnalyserResult, Citation, Evidence } from "./analyser.ts";
import { addBounded, BoundedMap } from "./bounded-map.ts";
import { cite, FindingList, plural } from "./finding-list.ts";

const guessingAttempts = 10;
const sprayedAccounts = 5;
/** A logon that comes later after the last failure is taken for the user's own. */
const guessedWithinMs = 3_600_000;
const accountRuleIds = new Set(accountRules.map((rule) => rule.id));

interface Logons {
  failures: number;
  accounts: Set<string>;
  firstFailure: number;
  lastFailure: number;
  /** The first logon right after enough failures, and how many they were by then. */
  guessed: { readonly alert: Alert; readonly failures: number } | undefined;
  citation: Citation | undefined;
}

interface AccountUse {
  hosts: Set<string>;
  flagged: number;
  citation: Citation | undefined;
}

/** Who acted: logons that failed and succeeded, privileges, accounts made or changed, accounts behind flagged acts. */
export const identityAnalyser: Analyser = {
  name: "identity",
  analyse(evidence: Evidence): AnalyserResult {
    const findings = new FindingList("identity");
    const logons = new BoundedMap<Logons>(10_000, () => ({
      failures: 0,
      accounts: new Set(),
      firstFailure: Number.POSITIVE_INFINITY,
      lastFailure: Number.NEGATIVE_INFINITY,
      guessed: undefined,
      citation: undefined,
    }));
    const accounts = new BoundedMap<AccountUse>(10_000, () => ({
      hosts: new Set(),
      flagged: 0,
      citation: undefined,
    }));
    for (const alert of evidence.alerts) {
      if (alert.source !== "windows") continue;
      noteLogon(alert, logons);
      noteAccounts(alert, accounts);
      noteEvents(alert, findings);
    }
    guessing(logons, findings);
    const users = usedAccounts(accounts, findings);
    return findings.result(
      users === 0
        ? "The evidence names no personal accounts."
        : `${plural(users, "personal account")} in the evidence.`,
    );
  },
};

function noteLogon(alert: Alert, logons: BoundedMap<Logons>): void {
  const failed = alert.event === "Security/4625";
  if (!failed && alert.event !== "Security/4624") return;
  const from = alert.src?.ip ?? "this host";
  const record = failed ? logons.at(from) : logons.get(from);
  if (record === undefined) return;
  if (failed) {
    record.failures++;
    addBounded(record.accounts, (alert.fields.TargetUserName ?? "").toLowerCase(), 1000);
    record.firstFailure = Math.min(record.firstFailure, alert.at);
    record.lastFailure = Math.max(record.lastFailure, alert.at);
    record.citation ??= cite(alert, "TargetUserName");
  } else if (
    record.failures >= guessingAttempts &&
    alert.at - record.lastFailure <= guessedWithinMs &&
    record.accounts.has((alert.fields.TargetUserName ?? "").toLowerCase())
  ) {
    record.guessed ??= { alert, failures: record.failures };
  }
}

function guessing(logons: BoundedMap<Logons>, findings: FindingList): void {
  for (const [from, record] of logons.entries()) {
    if (record.failures < guessingAttempts) continue;
    const minutes = Math.max(1, Math.round((record.lastFailure - record.firstFailure) / 60_000));
    const spray = record.accounts.size >= sprayedAccounts;
    const citations = record.citation === undefined ? [] : [record.citation];
    findings.add(
      {
        id: `guessing:${from}`,
        title: spray ? `Password spraying from ${from}` : `Password guessing from ${from}`,
        severity: "medium",
        confidence: Math.min(0.5 + record.failures / 100, 0.95),
        technique: spray ? "T1110.003" : "T1110.001",
        type: "credential-access",
        detail: `${record.failures} failed logons on ${plural(record.accounts.size, "account")} within ${plural(minutes, "minute")}.`,
      },
      ...citations,
    );
    if (record.guessed === undefined) continue;
    const { alert, failures } = record.guessed;
    findings.add(
      {
        id: `guessed:${from}`,
        title: `Logon succeeded after failures from ${from}`,
        severity: "critical",
        confidence: 0.8,
        technique: "T1078",
        type: "unauthorised-access",
        detail: `${alert.fields.TargetUserName ?? "An account"} logged on after ${failures} failed logons from the same address.`,
      },
      cite(alert, "TargetUserName"),
      ...citations,
    );
  }
}

function noteAccounts(alert: Alert, accounts: BoundedMap<AccountUse>): void {
  for (const user of alert.actors.users) {
    const use = accounts.at(user);
    if (use === undefined) continue;
    for (const host of alert.actors.hosts) addBounded(use.hosts, host, 200);
    if (alert.kind !== "alert") continue;
    use.flagged++;
    use.citation ??= cite(alert, Object.hasOwn(alert.fields, "User") ? "User" : "SubjectUserName");
  }
}

function usedAccounts(accounts: BoundedMap<AccountUse>, findings: FindingList): number {
  let count = 0;
  for (const [user, use] of accounts.entries()) {
    count++;
    if (use.flagged === 0) continue;
    findings.add(
      {
        id: `account:${user}`,
        title: `${user} is behind flagged activity`,
        severity: use.hosts.size > 3 ? "high" : "medium",
        // Says who, not whether: on one host it repeats what the flagged records already said.
        confidence: use.hosts.size > 3 ? 0.7 : 0.5,
        technique: "T1078",
        detail: `${plural(use.flagged, "flagged record")} under this account on ${plural(use.hosts.size, "host")}.`,
      },
      ...(use.citation === undefined ? [] : [use.citation]),
    );
  }
  return count;
}

function noteEvents(alert: Alert, findings: FindingList): void {
  for (const detection of alert.detections) {
    // One failed logon is nobody's finding; many are, see `guessing`.
    if (!accountRuleIds.has(detection.id) || detection.id === "logon-failed") continue;
    const detail = `${detection.title} on ${alert.actors.hosts[0] ?? "an unnamed host"}.`;
    findings.addDetection(alert, detection, 0.85, detail);
  }
  if (alert.event === "Security/4624") remoteLogon(alert, findings);
  if (alert.event === "Security/4672" && alert.actors.users.length > 0) privileges(alert, findings);
}

function remoteLogon(alert: Alert, findings: FindingList): void {
  const from = alert.src?.ip;
  const remoteDesktop = alert.fields.LogonType === "10";
  if (from === undefined || alert.actors.users.length === 0 || from === "127.0.0.1" || from === "::1") return;
  const outside = !isInternalIp(from);
  if (!outside && alert.fields.LogonType !== "3" && !remoteDesktop) return;
  const user = alert.actors.users.at(-1) ?? "an account";
  findings.add(
    {
      id: `remote-logon:${user}:${from}`,
      title: outside ? `${user} logged on from outside` : `${user} logged on over the network`,
      severity: outside ? "high" : "low",
      confidence: outside ? 0.75 : 0.5,
      technique: remoteDesktop ? "T1021.001" : "T1021",
      detail: `Logon type ${alert.fields.LogonType ?? "unknown"} from ${from} to ${alert.actors.hosts[0] ?? "an unnamed host"}.`,
    },
    cite(alert, "IpAddress"),
  );
}

function privileges(alert: Alert, findings: FindingList): void {
  const held =
    /SeDebugPrivilege|SeTcbPrivilege|SeBackupPrivilege|SeLoadDriverPrivilege|SeImpersonatePrivilege/.exec(
      alert.fields.PrivilegeList ?? "",
    );
  if (held === null) return;
  findings.add(
    {
      id: `privileges:${alert.actors.users[0] ?? ""}`,
      title: `${alert.actors.users[0] ?? "An account"} logged on with powerful privileges`,
      severity: "low",
      confidence: 0.5,
      technique: "T1078",
      detail: "The logon carries privileges that allow reading other processes' memory or any file.",
    },
    cite(alert, "PrivilegeList", held[0]),
  );
}
