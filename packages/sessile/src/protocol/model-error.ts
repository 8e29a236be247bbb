import { SessileError } from "./error.ts";

/** Why a model did not answer, for whoever reads: our own errors are written for that, of others only class and status are; their text may hold anything. */
export function modelError(thrown: unknown): SessileError {
  if (thrown instanceof SessileError) return thrown;
  return new SessileError(
    "internal",
    `The model could not answer (${reasonOf(thrown)}).`,
    {},
    { cause: thrown },
  );
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown error";
  const { statusCode } = thrown as { readonly statusCode?: unknown };
  if (typeof statusCode === "number") return `the provider answered ${statusCode}`;
  // As workerd says it (2026-11).
  if (thrown.message === "Network connection lost.") return "no connection to the provider";
  return /^\w{1,64}$/.test(thrown.name) ? thrown.name : "Error";
}
