import { SessileError } from "sessile";

/**
 * Anything thrown, as an error that may be shown. What the database says stays here: a request that met a passing failure of
 * D1 is worth sending again, and whatever else is unknown keeps only its code.
 */
export function asProblem(thrown: unknown): SessileError {
  if (thrown instanceof SessileError) return thrown;
  console.error(thrown);
  const message = thrown instanceof Error ? thrown.message : "";
  if (message.startsWith("D1_") && !message.includes("SQLITE_ERROR"))
    return new SessileError(
      "unavailable",
      "The database does not answer. Try again shortly; what it has taken in is not taken twice.",
      { retryAfterMs: 2000 },
      { cause: thrown },
    );
  return new SessileError(
    "internal",
    "This did not work, and it is not your fault. The server's log says why.",
    {},
    { cause: thrown },
  );
}
