import type { ParseArgsOptionsConfig } from "node:util";
import { parseArgs } from "node:util";
import { type GenerateFlags, parseGenerate } from "./generate-flags.ts";
import { isSessionCommand, parseSessionCommand, type SessionCommand, sessionHelp } from "./session-flags.ts";
import { UsageError } from "./usage-error.ts";

export interface ServeFlags {
  readonly config?: string;
  readonly worker?: string;
  readonly port?: number;
  readonly host?: string;
  readonly dir?: string;
  readonly assets?: string;
  readonly authorizer: boolean;
  readonly allowedHosts: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
}

export type Command =
  | { readonly name: "help"; readonly text: string }
  | { readonly name: "version" }
  | { readonly name: "serve"; readonly flags: ServeFlags }
  | { readonly name: "generate"; readonly flags: GenerateFlags }
  | SessionCommand;

export const overview = `sessile: durable sessions for AI agents

  sessile serve              serve a Worker and its sessions on this machine
  sessile generate           bring what follows from sessions/ up to date
  sessile tail KIND/NAME     print a session's events and follow it
  sessile export KIND/NAME   write a session's whole log to a file
  sessile import FILE        make a session from an export
  sessile verify FILE        find what was changed, taken out or cut off in an export
  sessile restore KIND/NAME  rebuild a session that lost its tables from the record
  sessile reset KIND/NAME    put a session's state back to what it began with
  sessile delete KIND/NAME   delete a session for good
  sessile doctor             look at a data folder
  sessile --version          print the version

  sessile COMMAND --help lists its options.
`;

export const serveHelp = `sessile serve: serve a Worker and its sessions on this machine

  --config FILE       wrangler.jsonc or wrangler.json (default: the one in this folder)
  --port N            port to listen on (default 8787; 0 takes a free one)
  --dir PATH          folder for the data (default .sessile)
  --host ADDRESS      address to listen on (default 127.0.0.1)
  --assets DIR        folder with static files (default: the one in the configuration)
  --worker FILE       a Worker bundled already, instead of the configuration's "main"
  --var NAME=VALUE    set a variable of the Worker; may be repeated
  --allow-host HOST   another name this server is reached by, such as a proxy's; may be repeated
  --authorizer        this Worker decides who may do what; needed beyond 127.0.0.1
  --help              print this
`;

const serveOptions = {
  config: { type: "string" },
  port: { type: "string" },
  dir: { type: "string" },
  host: { type: "string" },
  assets: { type: "string" },
  worker: { type: "string" },
  var: { type: "string", multiple: true },
  "allow-host": { type: "string", multiple: true },
  authorizer: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} satisfies ParseArgsOptionsConfig;

/** @throws UsageError for an unknown command, an unknown flag or a value that makes no sense */
export function parseCommandLine(args: readonly string[]): Command {
  const [first, ...rest] = args;
  switch (first) {
    case undefined:
    case "help":
    case "--help":
    case "-h":
      return { name: "help", text: overview };
    case "--version":
      return { name: "version" };
    case "serve":
      return parseServe(rest);
    case "generate":
      return parseGenerate(rest);
    default:
      if (isSessionCommand(first))
        return parseSessionCommand(first, rest) ?? { name: "help", text: sessionHelp[first] };
      throw new UsageError(`There is no command "${first}". Run: sessile --help`);
  }
}

function parseServe(args: readonly string[]): Command {
  const values = readFlags(args);
  if (values.help) return { name: "help", text: serveHelp };
  const { config, dir, host, assets, worker, port } = values;
  return {
    name: "serve",
    flags: {
      ...(config === undefined ? {} : { config }),
      ...(dir === undefined ? {} : { dir }),
      ...(host === undefined ? {} : { host }),
      ...(assets === undefined ? {} : { assets }),
      ...(worker === undefined ? {} : { worker }),
      ...(port === undefined ? {} : { port: parsePort(port) }),
      authorizer: values.authorizer ?? false,
      allowedHosts: values["allow-host"] ?? [],
      vars: Object.fromEntries((values.var ?? []).map(parseVariable)),
    },
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: serveOptions, strict: true, allowPositionals: false })
      .values;
  } catch (error) {
    // Node's message names the flag, and goes on about a way around that does not help here.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.split(". ")[0]}. Run: sessile serve --help`);
  }
}

const highestPort = 65_535;

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= highestPort) return port;
  throw new UsageError(`--port takes a number from 0 to ${highestPort}, not "${text}".`);
}

function parseVariable(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError(`--var takes NAME=VALUE, not "${text}".`);
}
