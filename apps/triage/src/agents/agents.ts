import type { ToolSet } from "ai";
import { type AgentDefinition, defineAgent, type Sandbox } from "sessile/agent";
import { type AgentName, agentNames } from "../contract/agents.ts";
import type { ChosenModel } from "./choose-model.ts";
import type { AgentTask } from "./dossier.ts";
import { instructionsOf } from "./instructions.ts";
import { runCodeTool } from "./tools/code-tool.ts";
import { readingTools } from "./tools/reading-tools.ts";
import {
  assessTool,
  assignTool,
  concludeTool,
  findingTool,
  proposalTools,
} from "./tools/submitting-tools.ts";

const maxSteps = 12;
const maxTokens = 150_000;
const modelAttempts = 3;
const maxStepMs = 60_000;

/** The agents of an investigation. None has a tool that decides, carries out, closes or hides. */
export function createAgents(
  { model, prices, deadlineMs }: ChosenModel,
  sandbox: Sandbox | null,
  task: () => AgentTask,
): readonly AgentDefinition[] {
  const shared = { ...readingTools(task), ...(sandbox ? { run_code: runCodeTool(sandbox, task) } : {}) };
  return agentNames.map((name) =>
    defineAgent({
      name,
      model,
      instructions: instructionsOf(name),
      tools: { ...shared, ...toolsOf(name, task) },
      maxSteps,
      maxTokens,
      deadlineMs,
      stepTimeoutMs: Math.min(deadlineMs, maxStepMs),
      modelAttempts,
      ...(prices ? { prices } : {}),
    }),
  );
}

function toolsOf(name: AgentName, task: () => AgentTask): ToolSet {
  switch (name) {
    case "coordinator":
      return { assign: assignTool(), conclude: concludeTool() };
    case "synthesiser":
      return { conclude: assessTool(task) };
    case "planner":
      return { ...proposalTools(task), conclude: concludeTool() };
    default:
      return { report_finding: findingTool(task), conclude: concludeTool() };
  }
}
