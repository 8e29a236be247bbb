import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { agentBodies } from "../../test/fuzz/targets/agent-bodies.ts";
import { SessileError } from "../protocol/index.ts";
import type { AgentExecutor } from "./agent-executor.ts";
import { agentRoutes } from "./agent-routes.ts";
import type { OpenedRequest } from "./agent-server.ts";

/** Nobody who may not gets as far as this. */
const executor = new Proxy({} as AgentExecutor, {
  get: (_, name) => {
    throw new Error(`${String(name)} was reached`);
  },
});

async function answers(route: string, open: () => Promise<OpenedRequest>): Promise<number> {
  const [method = "", path = ""] = route.split(" ");
  const url = `http://localhost${path.replace(":sessionId", "s")}`;
  // Where the address names no session, the body does.
  const body = path.includes(":sessionId") ? null : JSON.stringify({ message: "Go", sessionId: "s" });
  const request = new Request(url, { method, body });
  return (await agentRoutes("", open).fetch(request, {})).status;
}

const routes = agentRoutes("", async () => Promise.reject(new Error()))
  .routes.filter(({ method }) => method !== "ALL")
  .map(({ method, path }) => `${method} ${path}`);

test.each(routes)(
  "SE1 SE2 an AgentServer's %s is for whoever is known and may, and for nobody else",
  async (route) => {
    const nobody = async () => {
      throw new SessileError("unauthenticated", "Say who you are first.");
    };
    expect(await answers(route, nobody)).toBe(401);
    const asked: string[] = [];
    const stranger = async (): Promise<OpenedRequest> => ({
      executor,
      require: async (action, sessionId) => {
        asked.push(`${action} ${sessionId}`);
        throw new SessileError("forbidden", `You may not ${action} here.`);
      },
    });
    expect(await answers(route, stranger)).toBe(403);
    const action = route.endsWith("/answer") ? "approve" : "write";
    expect(asked).toEqual([`${route.startsWith("GET") ? "read" : action} s`]);
  },
);

test("SE1 SE23 fuzzing knows what every route of an AgentServer takes", () => {
  expect(Object.keys(agentBodies).sort()).toEqual([...routes].sort());
});

test.each(routes)("the page on HTTP names %s", (route) => {
  const page = readFileSync(new URL("../../../../docs/http.md", import.meta.url), "utf8");
  expect(page).toContain(`\`${route.replace(":sessionId", "{sessionId}")}`);
});
