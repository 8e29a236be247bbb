import { accountRules } from "../detection/account-rules.ts";
import type { Alert } from "../model/alert.ts";
import type { Analyser, AnalyserResult, Citation, Evidence } from "./analyser.ts";
import { addBounded, BoundedMap } from "./bounded-map.ts";
import { cite, FindingList, plural } from "./finding-list.ts";
import { ProcessTree } from "./process-tree.ts";
import { tacticOf } from "./tactics.ts";

const minuteMs = 60_000;
const burstAlerts = 20;
const burstFactor = 5;
const stagesForStory = 3;
const accountRuleIds = new Set(accountRules.map((rule) => rule.id));

/** What the incident holds over time, gathered in one pass. */
class Course {
  firstAt = Number.POSITIVE_INFINITY;
  lastAt = Number.NEGATIVE_INFINITY;
  count = 0;
  readonly perMinute = new BoundedMap<{ count: number; sample: Alert | undefined }>(20_000, () => ({
    count: 0,
    sample: undefined,
  }));
  readonly stages = new Map<string, { at: number; citation: Citation }>();
  readonly hosts = new Set<string>();
  readonly tree = new ProcessTree();

  add(alert: Alert): void {
    this.count++;
    this.firstAt = Math.min(this.firstAt, alert.at);
    this.lastAt = Math.max(this.lastAt, alert.at);
    this.tree.add(alert);
    if (alert.kind !== "alert") return;
    for (const host of alert.actors.hosts) addBounded(this.hosts, host, 1000);
    const minute = this.perMinute.at(String(Math.floor(alert.at / minuteMs)));
    if (minute !== undefined) {
      minute.count++;
      minute.sample ??= alert;
    }
    for (const detection of alert.detections) {
      const tactic = tacticOf(detection.technique);
      const known = tactic === undefined ? undefined : this.stages.get(tactic);
      if (tactic !== undefined && (known === undefined || alert.at < known.at)) {
        this.stages.set(tactic, { at: alert.at, citation: cite(alert, detection.field) });
      }
    }
  }
}

/** What happened on hosts and over time: traces removed, LSASS opened, which program started which, bursts, stages. */
export const activityAnalyser: Analyser = {
  name: "activity",
  analyse(evidence: Evidence): AnalyserResult {
    const findings = new FindingList("activity");
    const course = new Course();
    for (const alert of evidence.alerts) {
      course.add(alert);
      hostEvents(alert, findings);
    }
    lineages(course.tree, findings);
    bursts(course, findings);
    stages(course, findings);
    return findings.result(summary(course));
  },
};

function summary(course: Course): string {
  if (course.count === 0) return "There is no evidence.";
  const seconds = Math.round((course.lastAt - course.firstAt) / 1000);
  const span =
    seconds < 120
      ? plural(seconds, "second")
      : seconds < 7200
        ? plural(Math.round(seconds / 60), "minute")
        : plural(Math.round(seconds / 3600), "hour");
  return `${plural(course.count, "record")} over ${span}${course.hosts.size === 0 ? "" : ` on ${plural(course.hosts.size, "host")}`}.`;
}

/** Events that Windows and Sysmon report themselves; command lines and accounts have their own analysers. */
function hostEvents(alert: Alert, findings: FindingList): void {
  const processEvent = alert.event === "Sysmon/1" || alert.event === "Security/4688";
  if (processEvent) return;
  for (const detection of alert.detections) {
    if (accountRuleIds.has(detection.id)) continue;
    findings.addDetection(alert, detection, 0.85, detailOf(alert, detection.title));
  }
}

function detailOf(alert: Alert, title: string): string {
  const host = alert.actors.hosts[0] ?? "an unnamed host";
  const by =
    alert.fields.SourceImage ?? alert.fields.Image ?? alert.fields.ProcessName ?? alert.actors.users[0];
  const access = alert.fields.GrantedAccess === undefined ? "" : ` with access ${alert.fields.GrantedAccess}`;
  return `${title} on ${host}${by === undefined ? "" : ` by ${by}`}${access}.`;
}

function lineages(tree: ProcessTree, findings: FindingList): void {
  for (const alert of tree.flagged()) {
    const lineage = tree.lineage(alert);
    if (lineage === undefined) continue;
    findings.add(
      {
        id: `lineage:${lineage.join(">")}`,
        title: "How the flagged program came to run",
        severity: "medium",
        confidence: 0.8,
        technique: "T1059",
        detail: lineage.join(" → "),
      },
      cite(alert, Object.hasOwn(alert.fields, "ParentImage") ? "ParentImage" : "Image"),
    );
  }
}

/** A minute with many times the alerts of the usual one: an automatic tool, or the moment it went off. */
function bursts(course: Course, findings: FindingList): void {
  const minutes = [...course.perMinute.entries()].sort(([, a], [, b]) => b.count - a.count);
  const [top] = minutes;
  if (top === undefined || top[1].sample === undefined || top[1].count < burstAlerts) return;
  const spanMinutes = Math.max(1, Math.ceil((course.lastAt - course.firstAt) / minuteMs));
  const total = minutes.reduce((sum, [, minute]) => sum + minute.count, 0);
  const usual = total / Math.max(spanMinutes, minutes.length);
  if (minutes.length > 1 && top[1].count < usual * burstFactor) return;
  findings.add(
    {
      id: "burst",
      title: `${top[1].count} alerts within one minute`,
      severity: "medium",
      confidence: 0.6,
      detail: `At ${new Date(Number(top[0]) * minuteMs).toISOString().slice(0, 16).replace("T", " ")} UTC; the average minute of this incident has ${usual.toFixed(1)}.`,
    },
    cite(top[1].sample, top[1].sample.source === "suricata" ? "alert.signature" : "EventID"),
  );
}

function stages(course: Course, findings: FindingList): void {
  if (course.stages.size < stagesForStory) return;
  const inOrder = [...course.stages].sort(([, a], [, b]) => a.at - b.at);
  findings.add(
    {
      id: "stages",
      title: "Several stages of an attack in one incident",
      severity: "high",
      confidence: 0.8,
      detail: inOrder.map(([tactic]) => tactic).join(", then "),
    },
    ...inOrder.map(([, stage]) => stage.citation),
  );
}
