import { type GenerateFlags, parseGenerate } from "./generate-flags.ts";
import { type ProjectCommand, parseMigrate, parseNew, parsePreflight } from "./project-flags.ts";
import { parseDev, parseServe, parseStop, type ServeCommand } from "./serve-flags.ts";
import { isSessionCommand, parseSessionCommand, type SessionCommand, sessionHelp } from "./session-flags.ts";
import { UsageError } from "./usage-error.ts";

export type Command =
  | { readonly name: "version" }
  | ServeCommand
  | ProjectCommand
  | { readonly name: "generate"; readonly flags: GenerateFlags }
  | SessionCommand;

export const overview = `sessile: durable sessions for AI agents

  sessile new FOLDER         make a project
  sessile dev                serve while you work: changes take over, pages reload
  sessile serve              serve a Worker and its sessions on this machine
  sessile stop               stop the server of a data folder
  sessile generate           bring what follows from sessions/ up to date
  sessile migrate            show what becomes of the classes' storage
  sessile preflight          find what stands in the way of a deploy
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
    case "dev":
      return parseDev(rest);
    case "stop":
      return parseStop(rest);
    case "new":
      return parseNew(rest);
    case "migrate":
      return parseMigrate(rest);
    case "preflight":
      return parsePreflight(rest);
    case "generate":
      return parseGenerate(rest);
    default:
      if (isSessionCommand(first))
        return parseSessionCommand(first, rest) ?? { name: "help", text: sessionHelp[first] };
      throw new UsageError(`There is no command "${first}". Run: sessile --help`);
  }
}
