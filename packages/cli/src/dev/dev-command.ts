import { dirname, resolve } from "node:path";
import { describeServer } from "../describe-server.ts";
import { stopOnSignal } from "../serve-command.ts";
import type { ServeFlags } from "../serve-flags.ts";
import { DevServer } from "./dev-server.ts";

/** Serves what is worked on until the process is told to stop. */
export async function runDev(flags: ServeFlags): Promise<void> {
  const print = (text: string): void => {
    process.stdout.write(text);
  };
  const dev = await DevServer.start({
    root: flags.config === undefined ? process.cwd() : dirname(resolve(flags.config)),
    flags: flags.config === undefined ? flags : { ...flags, config: resolve(flags.config) },
    onServing: async (server, manifest) =>
      print(`${await describeServer(server, manifest)}Changes take over in place.\n`),
    print: (line) => print(`${line}\n`),
  });
  stopOnSignal(() => dev.close());
}
