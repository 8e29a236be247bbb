import { jsonSchema, tool } from "ai";
import type { Json } from "../../protocol/index.ts";
import type { Sandbox } from "./sandbox.ts";

export interface CodeToolOptions {
  readonly sandbox: Sandbox;
  /** What code is given as `input`, asked for with each call. Default: nothing. */
  readonly input?: () => Json;
  /** Tells the model what `input` is. */
  readonly inputDescription?: string;
}

/** A tool with which a model computes: it writes code, the sandbox runs it, and the model is told how it ended and what it gave. */
export function codeTool({ sandbox, input, inputDescription = "null" }: CodeToolOptions) {
  return tool({
    description: `Runs JavaScript that you write, without network and without anything from runs before. \`input\` is ${inputDescription}.`,
    inputSchema: jsonSchema<{ readonly code: string }>({
      type: "object",
      properties: {
        code: {
          type: "string",
          description:
            "Body of an async function of `input`. Return what JSON can hold; console.log adds lines.",
        },
      },
      required: ["code"],
      additionalProperties: false,
    }),
    execute: ({ code }, { abortSignal }) =>
      sandbox.run({ code, input: input?.() ?? null, ...(abortSignal ? { signal: abortSignal } : {}) }),
  });
}
