import {
  type AgentScript,
  afterReading,
  answerAgents,
  call,
  type Script,
} from "../../apps/triage/test/fixtures/agent-model.ts";

const usage = { prompt_tokens: 3120, completion_tokens: 210 };

/** What a model might say about the sample's stolen passwords: for pictures, which must not depend on a real one. */
export const toldInvestigation: Script = answerAgents({
  coordinator: saying(() => [
    call("assign", { analyser: "command-line", question: "Where was the dump written, and by whom?" }),
    call("assign", { analyser: "activity", question: "What led up to the dump?" }),
    call("conclude", {
      summary:
        "A memory dump of LSASS stands in the middle of this. Command lines and activity are asked how it came about.",
    }),
  ]),
  "command-line": saying((record) => [
    call("run_code", { code: countPrograms }),
    call("report_finding", {
      title: "The dump was written to a folder that everybody can read",
      detail:
        "Whatever ran on the host after it could take the file along, so its secrets may be elsewhere by now.",
      severity: "high",
      confidence: 0.7,
      technique: "T1003.001",
      evidence: [{ record }],
    }),
    call("report_finding", {
      title: "The dump was sent away",
      detail: "It must have been.",
      severity: "critical",
      confidence: 0.5,
      evidence: [{ record: "000000000000" }],
    }),
    call("conclude", {
      summary:
        "A document started PowerShell with an encoded command, which fetched a script; then rundll32 was made to dump LSASS.",
    }),
  ]),
  activity: saying(() => [
    call("conclude", {
      summary:
        "The program that opened LSASS came from the document. Nothing shows anybody else at work on the host.",
    }),
  ]),
  synthesiser: saying((record) => [
    call("conclude", {
      summary:
        "A document ran an encoded PowerShell command that fetched a script from outside. With it somebody dumped the memory of LSASS and has the secrets of everyone who was logged on. Take the accounts on this host for known to them.",
      severity: "high",
      evidence: [{ record }],
    }),
  ]),
  planner: saying((record) => [
    call("propose_action", {
      action: "review-exposure",
      targets: [],
      rationale:
        "Where the document came from is not in the evidence. What is reachable from outside is to be checked.",
      evidence: [{ record }],
    }),
    call("conclude", {
      summary: "The playbook has host and accounts. One action is added, as the way in is not known.",
    }),
  ]),
});

const countPrograms = `const programs = {};
for (const { fields } of input.records) {
  const name = (fields.Image ?? fields.NewProcessName ?? "").split("\\\\").pop();
  if (name) programs[name] = (programs[name] ?? 0) + 1;
}
return programs;`;

function saying(calls: (record: string) => ReturnType<typeof call>[]): AgentScript {
  return afterReading((record) => ({ usage, calls: calls(record) }));
}
