import { type ToolSet, tool } from "ai";
import { z } from "zod";
import { SessileError } from "../../protocol/index.ts";
import type { AgentNamespace } from "./subagent.ts";

/** A kind of agent that another one keeps beside it, each in a session that lasts. */
export interface Companion {
  readonly namespace: AgentNamespace;
  /** May be left out where the class has one agent. */
  readonly agent?: string;
  /** For the model: what it is good for. */
  readonly description: string;
}

export type Companions = { readonly [type: string]: Companion };

const prefix = "companion__";
/** Names of sessions are made of it. */
const namePattern = /^[A-Za-z0-9_-]{1,32}$/;
const name = z.string().regex(namePattern).describe("The companion's name.");
const message = z.string().min(1).describe("Everything it has to know.");
const wait = z.boolean().optional().describe("Whether to wait for its answer. Default: no.");

const inputs = {
  spawnAgent: z.strictObject({ type: z.string(), name, message, wait }),
  sendMessage: z.strictObject({ name, message, wait }),
  waitForResult: z.strictObject({ name }),
  getChildStatus: z.strictObject({ name }),
  listChildren: z.strictObject({}),
  terminateChild: z.strictObject({ name }),
};

const descriptions: { readonly [op in keyof typeof inputs]: string } = {
  spawnAgent: "Makes a companion, unless there is one of this name, and gives it a first message.",
  sendMessage: "Says something to a companion, which then works on it.",
  waitForResult: "Waits until a companion has finished what it is at, and gives its answer.",
  getChildStatus: "Tells what a companion is at.",
  listChildren: "Lists the companions there are.",
  terminateChild: "Ends a companion for good.",
};

/** What a model asks of its companions. */
export type CompanionCall = {
  readonly [Op in keyof typeof inputs]: { readonly op: Op } & z.infer<(typeof inputs)[Op]>;
}[keyof typeof inputs];

/** @throws SessileError `bad_request` */
export function checkedCompanions(companions: Companions): Companions {
  for (const type of Object.keys(companions))
    if (!namePattern.test(type))
      throw new SessileError("bad_request", "A companion's type is 1–32 letters, digits, _ and -.", {
        field: `companions.${type}`,
      });
  return companions;
}

/** By which a model keeps them; none where there are no types of them. */
export function companionTools(companions: Companions): ToolSet {
  const types = Object.entries(companions).map(([type, { description }]) => `${type}: ${description}`);
  if (types.length === 0) return {};
  return Object.fromEntries(
    Object.entries(inputs).map(([op, inputSchema]) => {
      const told = descriptions[op as keyof typeof inputs];
      const description = op === "spawnAgent" ? `${told} Types:\n${types.join("\n")}` : told;
      return [prefix + op, tool({ description, inputSchema: inputSchema as z.ZodType }) as ToolSet[string]];
    }),
  );
}

/** Null: the tool is no companion's. */
export function companionCallOf(toolName: string, input: unknown): CompanionCall | null {
  if (!toolName.startsWith(prefix)) return null;
  return { op: toolName.slice(prefix.length), ...(input as object) } as CompanionCall;
}
