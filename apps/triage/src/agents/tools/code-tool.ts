import type { ToolSet } from "ai";
import type { Json } from "sessile";
import { codeTool, type Sandbox } from "sessile/agent";
import { asData } from "../as-data.ts";
import type { AgentTask } from "../dossier.ts";

/** Lets an agent compute over its dossier. What the code prints may be an attacker's text, like everything in there. */
export function runCodeTool(sandbox: Sandbox, task: () => AgentTask): ToolSet[string] {
  const run = codeTool({
    sandbox,
    input: () => {
      const { incident, findings, records } = task().dossier;
      return { incident, findings, records } as unknown as Json;
    },
    inputDescription:
      "{ incident, findings, records }; a record is { id, at (milliseconds), kind, event, severity, fields: { [name]: text } }",
  });
  const toModelOutput = ({ output }: { readonly output: unknown }) => ({
    type: "text" as const,
    value: asData(output),
  });
  return { ...run, toModelOutput };
}
