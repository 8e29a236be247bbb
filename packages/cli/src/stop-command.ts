import { stopServer } from "sessile/node";
import type { StopFlags } from "./serve-flags.ts";

/** Ends once nobody serves the folder, so that what comes after it may copy it. */
export async function runStop({ dir }: StopFlags): Promise<void> {
  const pid = await stopServer(dir);
  process.stdout.write(
    pid === null ? `No server runs on ${dir}.\n` : `Stopped the server of ${dir} (process ${pid}).\n`,
  );
}
