const chat = "/chat/:sessionId";

/** What each address of an `AgentServer` takes. */
export const agentBodies: { readonly [route: string]: readonly unknown[] } = {
  "POST /execute": ["worker", "asker", "none"].map((agentType) => ({
    agentType,
    message: "Go",
    sessionId: "fuzzed",
    runId: "r-1",
  })),
  [`POST ${chat}/resume`]: [{ runId: "r-1" }],
  [`POST ${chat}/interrupt`]: [{ runId: "r-1" }],
  [`POST ${chat}/abort`]: [{ runId: "r-1" }],
  [`POST ${chat}/answer`]: [
    { callId: "c", answer: "approve", argumentsHash: "h", arguments: { n: 1 }, comment: "x" },
    { callId: "c", answer: { q: "yes" } },
    { callId: "c", result: { n: 1 } },
    { callId: "c", error: "No." },
  ],
  "GET /stream/:sessionId": [],
  "GET /result/:sessionId": [],
  "GET /usage/:sessionId": [],
};
