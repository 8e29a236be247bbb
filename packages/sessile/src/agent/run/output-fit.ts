import { asSchema, type FlexibleSchema } from "ai";
import { type Json, SessileError, type SuspendedRun } from "../../protocol/index.ts";
import type { RunEnd } from "./run-end.ts";

const maxMisfitChars = 8000;

/** What an answer says to whoever wants JSON that fits, or how it misses that. */
type OutputFit = { readonly value: Json } | { readonly misfit: string };

export async function outputFit(text: string, schema: FlexibleSchema<unknown>): Promise<OutputFit> {
  try {
    const value = JSON.parse(text) as unknown;
    const checked = await asSchema(schema).validate?.(value);
    if (checked && !checked.success) throw checked.error;
    return { value: (checked?.value ?? value) as Json };
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return { misfit: "is no JSON." };
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return { misfit: `does not fit: ${why}`.slice(0, maxMisfitChars) };
  }
}

/** How a run ends that has come to its end or to a halt: a last answer that misses what the agent promises fails it. */
export async function fittingEnd(
  end: RunEnd | SuspendedRun,
  schema: FlexibleSchema<unknown> | undefined,
): Promise<RunEnd | SuspendedRun> {
  if (!schema || !("result" in end) || end.result.outcome !== "completed") return end;
  const fit = await outputFit(end.result.text, schema);
  if ("value" in fit) return end;
  const reason = `The model's last answer ${fit.misfit}`;
  return {
    result: { ...end.result, outcome: "failed", reason },
    error: new SessileError("rejected", reason),
  };
}
