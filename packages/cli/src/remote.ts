import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./usage-error.ts";

/** Where a server is and what is sent with every request. */
export interface RemoteFlags {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Data folder of the server, if it is on this machine: its operator may do everything. */
  readonly dir: string;
}

/** A session by the address people type: `kind/name`. */
export interface SessionArgument {
  readonly kind: string;
  readonly name: string;
}

/** What went wrong in words for a person; shown without a stack. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  /** Nobody answered, or the answer says to come back; anything else would only be repeated. */
  readonly isPassing: boolean;

  constructor(message: string, isPassing = false) {
    super(message);
    this.isPassing = isPassing;
  }
}

/** Of the server itself, or of a proxy before one that is starting. */
const passingStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

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
  const headers = {
    ...operatorHeaders(remote),
    ...remote.headers,
    ...(init.headers as Record<string, string> | undefined),
  };
  let response: Response;
  try {
    // Followed, it would take the operator's token along, to whomever it names.
    response = await fetch(url, { ...init, headers, redirect: "manual" });
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CommandFailure(
      `${remote.url} does not answer (${cause}). Is the server running? Name another with --url.`,
      true,
    );
  }
  if (response.ok) return response;
  throw new CommandFailure(
    (await refusalOf(response)) + hintFor(response.status, remote),
    passingStatuses.has(response.status),
  );
}

/** The token never leaves this machine, whatever `--url` says. */
function operatorHeaders({ url, dir }: RemoteFlags): Record<string, string> {
  if (!isThisMachine(url)) return {};
  try {
    return { "sessile-operator": readFileSync(join(dir, "operator"), "utf8").trim() };
  } catch {
    return {}; // Nobody's folder: whoever is asked for more than that will say so.
  }
}

function hintFor(status: number, { url, dir }: RemoteFlags): string {
  if ((status !== 401 && status !== 403) || !isThisMachine(url)) return "";
  return ` The operator of a server on this machine may: name its data folder with --dir, which is ${dir} now.`;
}

function isThisMachine(url: string): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
}

export async function requestJson<T>(remote: RemoteFlags, path: string, init: RequestInit = {}): Promise<T> {
  return (await (await request(remote, path, init)).json()) as T;
}

async function refusalOf(response: Response): Promise<string> {
  const elsewhere = response.headers.get("location") ?? "";
  if (response.status < 400 && URL.canParse(elsewhere, response.url))
    return `The server points to ${new URL(elsewhere, response.url)}. If that is where it is now, name it with --url.`;
  const problem = (await response.json().catch(() => null)) as { detail?: unknown; code?: unknown } | null;
  if (typeof problem?.detail !== "string") return `The server answered ${response.status}.`;
  return `${problem.detail} (${String(problem.code ?? response.status)})`;
}
