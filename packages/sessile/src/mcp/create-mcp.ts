import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import type { ExecutionContext } from "hono";
import { messageTools } from "./message-tools.ts";
import { SessionApi, type SessionsApp } from "./session-api.ts";
import { registerSessionResource } from "./session-resource.ts";
import { sessionTools } from "./session-tools.ts";
import { summaryTool } from "./summary-tool.ts";
import { registerTool } from "./tool.ts";

export type { SessionsApp } from "./session-api.ts";

export interface McpOptions {
  /** What `createSessile` returned. Tools ask it as an HTTP client would, so its authorizer decides about them too. */
  readonly app: SessionsApp;
  /** The kinds that tools may name; the first is the default. */
  readonly kinds: readonly [string, ...string[]];
  /** Before the name of each tool. Default `session_`. */
  readonly prefix?: string;
  /** Event type of what `ask` says. Default `message`. */
  readonly messageType?: string;
  /** Event type of what `start` is told. Default `context`. */
  readonly contextType?: string;
  /** How the server names itself. Default `sessile`. */
  readonly name?: string;
  /** Told to models that connect. */
  readonly instructions?: string;
}

/** What Hono hands to a handler, as far as it is used. */
interface HandlerContext {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  readonly executionCtx: ExecutionContext;
}

/** Many times the longest message. */
const maxBodyBytes = 256 * 1024;
const toolPrefix = /^[a-zA-Z0-9_-]{0,48}$/;

/**
 * The session tools as an MCP server over Streamable HTTP. It is stateless, so any isolate answers any request:
 *
 *     const app = createSessile(options);
 *     app.all("/mcp", createMcp({ app, kinds: ["chat"] }));
 */
export function createMcp(options: McpOptions): (context: HandlerContext) => Promise<Response> {
  const { app, kinds, prefix = "session_", name = "sessile", instructions } = options;
  if (!toolPrefix.test(prefix))
    throw new TypeError("prefix is at most 48 letters, digits, hyphens and underscores.");
  const tools = [...sessionTools(options), ...messageTools(options), summaryTool(options)];

  const serverFor = (api: SessionApi): McpServer => {
    const server = new McpServer({ name, version: "1" }, instructions === undefined ? {} : { instructions });
    for (const one of tools) registerTool(server, prefix, one, api);
    registerSessionResource(server, kinds, api);
    return server;
  };

  return async ({ req: { raw }, env, executionCtx }) => {
    const handler = createMcpHandler(
      () => serverFor(new SessionApi(app, raw, env as object, executionCtx, kinds[0])),
      { maxRequestBodySize: maxBodyBytes },
    );
    return handler.fetch(raw);
  };
}
