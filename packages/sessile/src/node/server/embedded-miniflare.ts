import type { MiniflareOptions } from "miniflare";
import { Miniflare } from "miniflare";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * A Miniflare that behaves inside another program.
 *
 * Its constructor takes the machine's scratch folder and installs handlers that exit the process on a signal (both
 * seen in 5.20261117.0-beta). A killed server would leave scratch behind for ever, so it goes into `scratchDir`; and
 * signals belong to the program, which may have work to finish first.
 */
export function createMiniflare(options: MiniflareOptions, scratchDir: string): Miniflare {
  const handlers = signals.map((signal) => new Set(process.listeners(signal)));
  const scratch = process.env.TMPDIR;
  process.env.TMPDIR = scratchDir;
  try {
    return new Miniflare(options);
  } finally {
    if (scratch === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = scratch;
    signals.forEach((signal, at) => {
      for (const listener of process.listeners(signal)) {
        if (!handlers[at]?.has(listener)) process.off(signal, listener);
      }
    });
  }
}

/** Ends the runtime. A start that failed is reported by `ready`, and again here: once is enough. */
export async function disposeMiniflare(miniflare: Miniflare): Promise<void> {
  await miniflare.dispose().catch(() => {});
}
