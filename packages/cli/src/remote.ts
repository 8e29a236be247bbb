import { UsageError } from "./usage-error.ts";

/** Where a server is and what is sent with every request. */
export interface RemoteFlags {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A session by the address people type: `kind/name`. */
export interface SessionArgument {
  readonly kind: string;
  readonly name: string;
}

/** What went wrong in words for a person; shown without a stack. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
}

/** @throws UsageError */
export function parseSession(text: string): SessionArgument {
  const [kind = "", name = "", ...rest] = text.split("/");
  if (kind === "" || name === "" || rest.length > 0)
    throw new UsageError(`A session is named KIND/NAME, such as incident/inc-7, not "${text}".`);
  return { kind, name };
}

export function sessionPath({ kind, name }: SessionArgument, below = ""): string {
  return `/v1/sessions/${encodeURIComponent(kind)}/${encodeURIComponent(name)}${below}`;
}

/** One request. @throws CommandFailure with the server's own words for a refusal */
export async function request(
  remote: RemoteFlags,
  path: string,
  init: RequestInit & { readonly duplex?: "half" } = {},
): Promise<Response> {
  const url = new URL(path, remote.url);
  const headers = { ...remote.headers, ...(init.headers as Record<string, string> | undefined) };
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers });
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CommandFailure(
      `${remote.url} does not answer (${cause}). Is the server running? Name another with --url.`,
    );
  }
  if (response.ok) return response;
  throw new CommandFailure(await refusalOf(response));
}

export async function requestJson<T>(remote: RemoteFlags, path: string, init: RequestInit = {}): Promise<T> {
  return (await (await request(remote, path, init)).json()) as T;
}

async function refusalOf(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => null)) as { detail?: unknown; code?: unknown } | null;
  if (typeof problem?.detail !== "string") return `The server answered ${response.status}.`;
  return `${problem.detail} (${String(problem.code ?? response.status)})`;
}
