import { isErrorCode, SessileError, type WireError } from "../../protocol/index.ts";

/** `fetch` rejects only where no answer came, so that the same request is worth repeating. */
export function asError(thrown: unknown): SessileError {
  if (thrown instanceof SessileError) return thrown;
  return new SessileError("unavailable", "The server could not be reached.", {}, { cause: thrown });
}

/** A refusal as the server's typed error; one that does not come from Sessile, as from a proxy, by its status alone. */
export async function errorOf(response: Response): Promise<SessileError> {
  const retryAfterMs = Number(response.headers.get("retry-after")) * 1_000 || undefined;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const problem = (await response.json().catch(() => null)) as
    | (WireError & { readonly detail?: string; readonly title?: string })
    | null;
  if (problem === null || typeof problem !== "object" || !isErrorCode(problem.code)) {
    return new SessileError(
      codeByStatus[response.status] ?? "internal",
      `The server answered ${response.status}.`,
      wait,
    );
  }
  const { code, field, limit, reason, resetsAt, current, currentVersion, cooldownRemaining, gate } = problem;
  const details = {
    ...wait,
    ...(problem.retryAfterMs === undefined ? {} : { retryAfterMs: problem.retryAfterMs }),
    ...(field === undefined ? {} : { field }),
    ...(limit === undefined ? {} : { limit }),
    ...(reason === undefined ? {} : { reason }),
    ...(resetsAt === undefined ? {} : { resetsAt }),
    ...(cooldownRemaining === undefined ? {} : { cooldownRemaining }),
    ...(current === undefined ? {} : { current }),
    ...(currentVersion === undefined ? {} : { currentVersion }),
    ...(gate === undefined ? {} : { gate }),
  };
  return new SessileError(
    code,
    problem.detail ?? problem.message ?? problem.title ?? `The server answered ${response.status}.`,
    details,
  );
}

const codeByStatus: { readonly [status: number]: SessileError["code"] } = {
  400: "bad_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  429: "rate_limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};
