import type { Kernel } from "../../kernel/index.ts";
import type { Outcome } from "../../protocol/command.ts";
import type { CommandLetter } from "../command-letter.ts";

/**
 * Tells operators of an answer to a gate, refused ones too, and from which address it came, as a salted hash where the deployment makes
 * one. Who may read the session need not know that. Best effort: what was decided stands in the log.
 */
export function noteGateAnswer(
  kernel: Kernel,
  now: number,
  letter: Pick<CommandLetter, "gateId" | "actor" | "origin" | "client">,
  outcome: Outcome,
): void {
  const { gateId, actor, origin, client = null } = letter;
  if (gateId === null || (outcome.ok && outcome.repeated)) return;
  const refusal = outcome.ok ? null : outcome.error.code;
  const attrs = { gateId: gateId.slice(0, 256), by: actor?.id ?? null, via: origin, client, refusal };
  try {
    if (refusal === null) kernel.operatorLog.write(now, "info", "gates", "A gate was answered", attrs);
    else kernel.operatorLog.write(now, "warn", "gates", "An answer to a gate was refused", attrs);
  } catch {
    // The database itself fails: whoever writes what matters will hear of it.
  }
}
