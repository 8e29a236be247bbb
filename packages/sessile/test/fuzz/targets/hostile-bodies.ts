import { routeRules } from "../../attack/route-rules.ts";
import type { Hostile } from "../hostile.ts";
import { exported, forged } from "./files.ts";
import { chatMessage, commands } from "./frames.ts";

const session = "/v1/sessions/:kind/:name";
const subscription = "/v1/stream/__ds/subscriptions/:id";
const answer = {
  wake_id: "w",
  generation: 1,
  acks: [{ stream: "fuzzed", offset: "0000000000000001" }],
  done: true,
};

/** What routes take beside the bodies that the rules of attacks have for them. */
const bodies: { readonly [route: string]: readonly unknown[] } = {
  "POST /v1/tokens": [{ label: "script", rights: ["read"], expiresInSeconds: 60 }],
  [`POST ${session}/events`]: [[{ clientEventId: "a", type: "note.added" }]],
  [`POST ${session}/commands`]: commands.map((command) => ({ commands: [command] })),
  [`POST ${session}/reset`]: [{}],
  [`POST ${session}/restore`]: [{}],
  [`POST ${session}/snapshots`]: [{}],
  [`POST ${session}/resume`]: [{ message: "Go on", from: { runId: "r", step: 1 } }],
  [`POST ${session}/interrupt`]: [{ runId: "r" }],
  [`POST ${session}/abort`]: [{ runId: "r", force: true }],
  [`POST ${session}/streams/:streamId/cancel`]: [{}],
  [`PUT ${session}/streams/:streamId`]: ["a chunk", ["a", "chunk"]],
  "PUT /v1/stream/:name{.+}": ["a chunk", ["a", "chunk"]],
  [`PUT ${subscription}`]: [
    {
      type: "webhook",
      pattern: "fuzzed/**",
      streams: ["fuzzed"],
      webhook: { url: "http://127.0.0.1:1/" },
      lease_ttl_ms: 5000,
      description: "x",
    },
  ],
  ...Object.fromEntries(["callback", "ack", "release"].map((by) => [`POST ${subscription}/${by}`, [answer]])),
  "POST /api/chat": [
    { id: "fuzzed", message: chatMessage },
    { id: "fuzzed", messages: [chatMessage], body: { x: 1 } },
    { id: "fuzzed", trigger: "regenerate-message", messageId: "m" },
  ],
  "POST /api/chat/:name/stop": [{}],
  "POST /mcp": Object.entries({
    list: { kind: "notes", limit: 5 },
    start: { kind: "notes", sessionId: "fuzzed", context: { x: 1 } },
    ask: { sessionId: "fuzzed", message: "x" },
    ...Object.fromEntries(
      ["history", "resume", "end", "summarize", "export"].map((tool) => [tool, { sessionId: "fuzzed" }]),
    ),
  }).map(([tool, args], id) => ({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name: `session_${tool}`, arguments: args },
  })),
};

/** Whole files instead of JSON. */
const files: { readonly [route: string]: (hostile: Hostile) => string } = {
  "POST /v1/sessions/import": (hostile) => {
    const name = hostile.random.pick(importedNames);
    return hostile.random.chance(0.5)
      ? forged(hostile, "notes", name)
      : hostile.mangle(exported("notes", name, [{ type: "note.added", payload: {} }]));
  },
};

/** Of sessions that are made from files, as far as those are let in. */
export const importedNames = Array.from({ length: 40 }, (_, index) => `imported-${index}`);

/** Routes that take a body and have no example of it. */
export function withoutExample(): readonly string[] {
  return routeRules
    .map(({ route }) => route)
    .filter(
      (route) => /^(POST|PUT|PATCH) /.test(route) && !(route in files) && examplesOf(route).length === 0,
    );
}

export function bodyOf(hostile: Hostile, route: string): string | Uint8Array {
  const { random } = hostile;
  if (random.chance(0.05)) return hostile.bytes(random.between(0, 300));
  const file = files[route];
  if (file && random.chance(0.8)) return file(hostile);
  const examples = examplesOf(route);
  return hostile.like(examples.length === 0 || random.chance(0.2) ? [["x"], {}] : examples);
}

function examplesOf(route: string): readonly unknown[] {
  const rule = routeRules.find((one) => one.route === route);
  return [...(rule?.body === undefined ? [] : [rule.body]), ...(bodies[route] ?? [])];
}
