import type { LogEntry } from "../src/node/index.ts";

/** What servers under test say, for whoever asks for it by `SESSILE_TEST_LOG`. */
export function testLog({ from, level, message }: LogEntry): void {
  if (process.env.SESSILE_TEST_LOG) console.error(from, level, message);
}
