import type { CallToolResult, McpServer, ToolAnnotations } from "@modelcontextprotocol/server";
import type * as z from "zod";
import { SessileError, safeParse } from "../protocol/index.ts";
import { ApiRefusal, type SessionApi } from "./session-api.ts";

/** A tool: what it takes, what it answers, and the requests of the HTTP API that it stands for. */
export interface Tool<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  /** Without the deployment's prefix. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly annotations: ToolAnnotations;
  run(api: SessionApi, args: z.output<Input>): Promise<z.output<Output>>;
}

/** Keeps the types of a tool together while it is written, and lets it stand in a list. */
export function tool<Input extends z.ZodType, Output extends z.ZodType>(
  definition: Tool<Input, Output>,
): Tool {
  return definition as unknown as Tool;
}

export function registerTool(server: McpServer, prefix: string, definition: Tool, api: SessionApi): void {
  const { name, title, description, input, output, annotations } = definition;
  server.registerTool(
    prefix + name,
    {
      title,
      description,
      inputSchema: unchecked(input),
      outputSchema: output,
      annotations: { openWorldHint: false, ...annotations },
    },
    async (args: unknown): Promise<CallToolResult> => {
      try {
        // What the schema does not name stays here, as the schema says that there is nothing else.
        const value = output.parse(await definition.run(api, parsed(input, args)));
        return {
          content: [{ type: "text", text: JSON.stringify(value) }],
          structuredContent: value as { [key: string]: unknown },
        };
      } catch (thrown) {
        return refusal(thrown);
      }
    },
  );
}

/** The schema as tools are listed with it. Arguments are checked here, so that a bad one is refused as everything else is. */
function unchecked(schema: z.ZodType): z.ZodType {
  const standard = { ...schema["~standard"], validate: (value: unknown) => ({ value }) };
  return { "~standard": standard } as unknown as z.ZodType;
}

/** @throws SessileError `bad_request` naming the argument */
function parsed(schema: z.ZodType, args: unknown): unknown {
  const { success, data, issue } = safeParse(schema, args);
  if (success) return data;
  const field = issue?.path.map(String).join(".") || "arguments";
  throw new SessileError("bad_request", `${field}: ${issue?.message ?? "is not valid"}.`, { field });
}

/**
 * An error as a tool's answer: a model reads the text, a program parses it. (It is no `structuredContent`, which has to match the
 * schema of a success.)
 */
function refusal(thrown: unknown): CallToolResult {
  const error = SessileError.from(thrown);
  if (error.code === "internal" && !(thrown instanceof SessileError)) console.error(thrown);
  const requestId = (thrown instanceof ApiRefusal && thrown.requestId) || crypto.randomUUID();
  const { retryAfterMs } = error.details;
  const retryAfter = retryAfterMs === undefined ? {} : { retryAfter: Math.ceil(retryAfterMs / 1000) };
  return {
    isError: true,
    content: [{ type: "text", text: JSON.stringify({ ...error.toWire(), requestId, ...retryAfter }) }],
  };
}
