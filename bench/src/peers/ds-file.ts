import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface DsFileServer extends AsyncDisposable {
  readonly url: string;
}

/** The reference server of Durable Streams with its file store, which answers an append once `fdatasync` has returned. */
export async function startDsFile(dir: string): Promise<DsFileServer> {
  const child = fork(
    fileURLToPath(import.meta.resolve("./ds-file-process.ts")),
    [mkdtempSync(join(dir, "ds-file-"))],
    { execArgv: [] },
  );
  const ended = once(child, "exit");
  const url = await Promise.race([
    once(child, "message").then(([message]) => String(message)),
    ended.then(([code]) => {
      throw new Error(`The reference server ended (${code}).`);
    }),
  ]);
  return {
    url,
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
