import { bundleWorker } from "../../cli/src/bundle-worker.ts";

const bundles = new Map<string, Promise<string>>();

/** A Worker as the command line bundles it, from source. Made once for all test files of a process. */
export function bundle(main: string): Promise<string> {
  const made = bundles.get(main) ?? bundleWorker(main);
  bundles.set(main, made);
  return made;
}
