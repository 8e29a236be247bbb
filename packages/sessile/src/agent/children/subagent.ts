import { type FlexibleSchema, type ToolSet, tool } from "ai";
import { z } from "zod";
import type { UsageAmount } from "../../protocol/budget.ts";
import { type RunInfo, SessileError } from "../../protocol/index.ts";
import type { SettledCall } from "../run/asked-call.ts";
import { outputFit } from "../run/output-fit.ts";

/** Of a class that extends `AgentSession`. */
export interface AgentNamespace {
  getByName(name: string): unknown;
}

/** An agent that another one gives tasks to. Each task is a run in a session of its own. */
export interface Subagent {
  readonly namespace: AgentNamespace;
  /** May be left out where the class has one agent. */
  readonly agent?: string;
  /** For the model: what it is good for. */
  readonly description: string;
  /** What its last answer has to be: JSON that fits. */
  readonly outputSchema: FlexibleSchema<unknown>;
  /** From its start. Default: as long as the run that asks has. */
  readonly timeoutMs?: number;
  /** Under a budget: the room that one task takes, and may use. Default: all that is left, so that they go one by one. */
  readonly reserve?: UsageAmount;
}

export type Subagents = { readonly [toolName: string]: Subagent };

const prefix = "subagent__";
const namePattern = /^[A-Za-z0-9_]{1,48}$/;
const task = z.strictObject({
  task: z.string().min(1).describe("Everything it has to know: it sees nothing else."),
});

/** @returns by the names of their tools. @throws SessileError `bad_request` */
export function namedSubagents(subagents: { readonly [name: string]: Subagent }): Subagents {
  return Object.fromEntries(
    Object.entries(subagents).map(([name, one]) => {
      if (!namePattern.test(name))
        throw new SessileError("bad_request", "A sub-agent's name is 1–48 letters, digits and _.", {
          field: `subagents.${name}`,
        });
      return [prefix + name, one];
    }),
  );
}

/** By which a model gives them tasks. */
export function subagentTools(subagents: Subagents): ToolSet {
  return Object.fromEntries(
    Object.entries(subagents).map(([name, { description }]) => [
      name,
      tool({ description, inputSchema: task }) as ToolSet[string],
    ]),
  );
}

export function taskOf(input: unknown): string {
  return (input as z.infer<typeof task>).task;
}

/** What a sub-agent's run has come to, as the one that asked is told. */
export async function subagentResult(
  { status, result, error }: RunInfo,
  { outputSchema }: Subagent,
): Promise<SettledCall> {
  if (status !== "completed" || !result) {
    const why = error?.message ?? result?.reason ?? "it came to no end";
    return told(`The sub-agent did not finish (${status}): ${why}.`);
  }
  const fit = await outputFit(result.text, outputSchema);
  if ("misfit" in fit) return told(`The sub-agent's answer ${fit.misfit}`);
  return { do: "give", output: fit.value };
}

/** Nothing is begun that would use what others were given. */
export const noRoom = told(
  "The budget has no room for this task beside those that others are at. Give it again once they have answered.",
);

function told(value: string): {
  readonly do: "tell";
  readonly output: { readonly type: "error-text"; readonly value: string };
} {
  return { do: "tell", output: { type: "error-text", value } };
}
