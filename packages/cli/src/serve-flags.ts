import type { ParseArgsOptionsConfig } from "node:util";
import { readFlags } from "./read-flags.ts";
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

export interface StopFlags {
  readonly dir: string;
}

export type ServeCommand =
  | { readonly name: "serve" | "dev"; readonly flags: ServeFlags }
  | { readonly name: "stop"; readonly flags: StopFlags }
  | { readonly name: "help"; readonly text: string };

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

const devHelp = `sessile dev: serve while you work

Generates, bundles and takes over in place on every change of what the Worker and the pages are made of; pages reload by themselves.
What is wrong is shown, and what ran before goes on.

  --config FILE       wrangler.jsonc or wrangler.json (default: the one in this folder)
  --port N            port to listen on (default 8787; 0 takes a free one)
  --dir PATH          folder for the data (default .sessile)
  --host ADDRESS      address to listen on (default 127.0.0.1)
  --assets DIR        folder with static files (default: the one in the configuration)
  --var NAME=VALUE    set a variable of the Worker; may be repeated
  --allow-host HOST   another name this server is reached by, such as a proxy's; may be repeated
  --authorizer        this Worker decides who may do what; needed beyond 127.0.0.1
  --help              print this
`;

const stopHelp = `sessile stop: stop the server of a data folder, and wait until it has let go of it

Succeeds also when no server runs on the folder; fails when the folder is not there, or its server does not end within a minute.

  --dir PATH          folder with the data (default .sessile)
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

/** @throws UsageError */
export function parseServe(args: readonly string[]): ServeCommand {
  const values = readFlags("serve", args, serveOptions);
  return values.help ? { name: "help", text: serveHelp } : { name: "serve", flags: flagsOf(values) };
}

/** @throws UsageError */
export function parseDev(args: readonly string[]): ServeCommand {
  const { worker: _, ...devOptions } = serveOptions;
  const values = readFlags("dev", args, devOptions);
  return values.help ? { name: "help", text: devHelp } : { name: "dev", flags: flagsOf(values) };
}

const stopOptions = { dir: serveOptions.dir, help: serveOptions.help } as const;

/** @throws UsageError */
export function parseStop(args: readonly string[]): ServeCommand {
  const { help, dir = ".sessile" } = readFlags("stop", args, stopOptions);
  return help ? { name: "help", text: stopHelp } : { name: "stop", flags: { dir } };
}

type Values = ReturnType<typeof readFlags<typeof serveOptions>>;

function flagsOf(values: Omit<Values, "worker"> & Partial<Pick<Values, "worker">>): ServeFlags {
  const { config, dir, host, assets, worker, port } = values;
  return {
    ...(config === undefined ? {} : { config }),
    ...(dir === undefined ? {} : { dir }),
    ...(host === undefined ? {} : { host }),
    ...(assets === undefined ? {} : { assets }),
    ...(worker === undefined ? {} : { worker }),
    ...(port === undefined ? {} : { port: parsePort(port) }),
    authorizer: values.authorizer ?? false,
    allowedHosts: values["allow-host"] ?? [],
    vars: Object.fromEntries((values.var ?? []).map(parseVariable)),
  };
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
