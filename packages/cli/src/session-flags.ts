import type { ParseArgsOptionsConfig } from "node:util";
import { parseArgs } from "node:util";
import { parseSession, type RemoteFlags } from "./remote.ts";
import type { TailFlags } from "./tail-command.ts";
import { type TailTransport, tailTransports } from "./tail-transport.ts";
import type { DeleteFlags, ExportFlags, ImportFlags, ResetFlags, RestoreFlags } from "./transfer-commands.ts";
import { UsageError } from "./usage-error.ts";
import type { VerifyFlags } from "./verify-command.ts";

/** Commands that talk to a server or look at its files. */
export type SessionCommand =
  | { readonly name: "export"; readonly flags: ExportFlags }
  | { readonly name: "import"; readonly flags: ImportFlags }
  | { readonly name: "verify"; readonly flags: VerifyFlags }
  | { readonly name: "restore"; readonly flags: RestoreFlags }
  | { readonly name: "reset"; readonly flags: ResetFlags }
  | { readonly name: "delete"; readonly flags: DeleteFlags }
  | { readonly name: "tail"; readonly flags: TailFlags }
  | { readonly name: "doctor"; readonly flags: { readonly dir: string; readonly remote?: RemoteFlags } };

const defaultUrl = "http://127.0.0.1:8787";
const defaultDir = ".sessile";

const remoteHelp = `  --url URL           the server (default ${defaultUrl})
  --header NAME:VALUE sent with every request, such as "authorization: Bearer …"; may be repeated
  --dir PATH          the server's data folder: on this machine its operator may do everything (default ${defaultDir})
  --help              print this
`;

export const sessionHelp: Readonly<Record<SessionCommand["name"], string>> = {
  export: `sessile export KIND/NAME: write a session's whole log to a file

  --out FILE          where to (default: standard output)
${remoteHelp}`,
  import: `sessile import FILE: make a session from an export; - reads standard input

${remoteHelp}`,
  verify: `sessile verify FILE: find what was changed, taken out, moved or cut off in an export

  --anchor HASH       the head as you know it from elsewhere; SEQ:HASH for one in the middle
  --url URL           compare with the head in this server's record, and locate a forgery by its log
  --header NAME:VALUE sent with every request; may be repeated
  --dir PATH          the server's data folder, as elsewhere
  --help              print this
`,
  restore: `sessile restore KIND/NAME: rebuild a session that lost its tables from the record

${remoteHelp}`,
  reset: `sessile reset KIND/NAME: put a session's state back to what its class begins with; its log keeps what was

${remoteHelp}`,
  delete: `sessile delete KIND/NAME: delete a session for good, its copy in the record and its objects in buckets included

  --yes               needed: there is no way back but an export made before
  --free              let the address be used anew
${remoteHelp}`,
  tail: `sessile tail KIND/NAME: print a session's events as JSON lines, and follow it

  --after SEQ         begin after this event (default 0)
  --no-follow         end with what there is
  --transport NAME    how what is new comes: ${tailTransports.join(", ")} (default ${tailTransports[0]})
${remoteHelp}`,
  doctor: `sessile doctor: look at a data folder: versions, lock, sizes, free disk, the record's lag

  --dir PATH          folder with the data (default .sessile)
  --url URL           ask this server too
  --header NAME:VALUE sent with every request; may be repeated
  --help              print this
`,
};

const options = {
  url: { type: "string" },
  header: { type: "string", multiple: true },
  out: { type: "string" },
  anchor: { type: "string" },
  after: { type: "string" },
  dir: { type: "string" },
  "no-follow": { type: "boolean" },
  transport: { type: "string" },
  yes: { type: "boolean" },
  free: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} satisfies ParseArgsOptionsConfig;
type OptionName = keyof typeof options;

const remote: readonly OptionName[] = ["url", "header", "dir", "help"];
const allowed: Readonly<Record<SessionCommand["name"], readonly OptionName[]>> = {
  export: [...remote, "out"],
  import: remote,
  verify: [...remote, "anchor"],
  restore: remote,
  reset: remote,
  delete: [...remote, "yes", "free"],
  tail: [...remote, "after", "no-follow", "transport"],
  doctor: remote,
};

export function isSessionCommand(name: string): name is SessionCommand["name"] {
  return Object.hasOwn(sessionHelp, name);
}

/** @returns null if help was asked for @throws UsageError */
export function parseSessionCommand(
  name: SessionCommand["name"],
  args: readonly string[],
): SessionCommand | null {
  const { values, positionals } = read(name, args);
  if (values.help) return null;
  const away: RemoteFlags = {
    url: checkUrl(values.url ?? defaultUrl),
    headers: headersOf(values.header ?? []),
    dir: values.dir ?? defaultDir,
  };
  const asked = values.url === undefined ? {} : { remote: away };
  switch (name) {
    case "export":
      return {
        name,
        flags: {
          remote: away,
          session: sessionOf(name, positionals),
          ...(values.out ? { out: values.out } : {}),
        },
      };
    case "restore":
    case "reset":
      return { name, flags: { remote: away, session: sessionOf(name, positionals) } };
    case "delete": {
      const session = sessionOf(name, positionals);
      if (values.yes) return { name, flags: { remote: away, session, free: values.free ?? false } };
      throw new UsageError(
        `${session.kind}/${session.name} would be deleted for good. Export it first if you may need it, then add --yes.`,
      );
    }
    case "import":
      return { name, flags: { remote: away, file: one(name, "FILE", positionals) } };
    case "verify":
      return {
        name,
        flags: {
          file: one(name, "FILE", positionals),
          ...(values.anchor ? { anchor: values.anchor } : {}),
          ...asked,
        },
      };
    case "tail":
      return {
        name,
        flags: {
          remote: away,
          session: sessionOf(name, positionals),
          follow: !values["no-follow"],
          transport: transportOf(values.transport ?? tailTransports[0]),
          ...(values.after === undefined ? {} : { after: seqOf(values.after) }),
        },
      };
    case "doctor":
      if (positionals.length > 0) throw unexpected(name, positionals[0] ?? "");
      return { name, flags: { dir: away.dir, ...asked } };
  }
}

function transportOf(text: string): TailTransport {
  const known = tailTransports.find((transport) => transport === text);
  if (known) return known;
  throw new UsageError(`--transport is one of ${tailTransports.join(", ")}, not "${text}".`);
}

function read(name: SessionCommand["name"], args: readonly string[]) {
  const known = Object.fromEntries(allowed[name].map((option) => [option, options[option]]));
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true });
    return {
      values: values as ReturnType<typeof parseArgs<{ options: typeof options }>>["values"],
      positionals,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.split(". ")[0]}. Run: sessile ${name} --help`);
  }
}

function one(name: string, what: string, positionals: readonly string[]): string {
  const [first, second] = positionals;
  if (first === undefined) throw new UsageError(`sessile ${name} needs ${what}. Run: sessile ${name} --help`);
  if (second !== undefined) throw unexpected(name, second);
  return first;
}

function sessionOf(name: string, positionals: readonly string[]) {
  return parseSession(one(name, "KIND/NAME", positionals));
}

function unexpected(name: string, argument: string): UsageError {
  return new UsageError(`Unexpected argument '${argument}'. Run: sessile ${name} --help`);
}

function checkUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new UsageError(`--url takes an address such as ${defaultUrl}, not "${text}".`);
  const { username, password } = new URL(text);
  if (username === "" && password === "") return text;
  throw new UsageError('--url takes no credentials. Send them with --header "authorization: Basic …".');
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(":");
      const header = [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as const;
      if (at > 0 && isHeader(...header)) return header;
      throw new UsageError(`--header takes NAME:VALUE as HTTP can carry it, not "${line}".`);
    }),
  );
}

/** `fetch` would refuse it, in the way it says that nobody answers. */
function isHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    return false;
  }
}

function seqOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--after takes a seq, not "${text}".`);
}
