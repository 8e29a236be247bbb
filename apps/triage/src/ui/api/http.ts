/** A request that failed, with words for the person who caused it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0: no answer came. */
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;

  constructor(status: number, code: string, message: string, requestId: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/** @param parse what reads the answer's text */
export async function requestJson<T>(
  path: string,
  init: RequestInit = {},
  parse: (text: string) => unknown = JSON.parse,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { accept: "application/json", ...init.headers } });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "unreachable", "The server does not answer. Check that it is running.");
  }
  if (!response.ok) throw await apiErrorOf(response.status, () => response.text());
  if (response.status === 204) return undefined as T;
  try {
    return parse(await response.text()) as T;
  } catch {
    throw new ApiError(response.status, "not_json", `The server's answer to ${path} was not JSON.`);
  }
}

export async function apiErrorOf(status: number, text: () => Promise<string>): Promise<ApiError> {
  const body: unknown = await text()
    .then((content) => JSON.parse(content) as unknown)
    .catch(() => null);
  const problem = (typeof body === "object" && body !== null ? body : {}) as {
    readonly [field: string]: unknown;
  };
  const pick = (...names: readonly string[]) =>
    names.map((name) => problem[name]).find((value): value is string => typeof value === "string");
  return new ApiError(
    status,
    pick("code") ?? String(status),
    pick("detail", "message", "title") ?? `The server answered with status ${status}.`,
    pick("requestId") ?? null,
  );
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
