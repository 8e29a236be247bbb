import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const conditions = ["sessile-source"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };
/** These start servers of their own. */
const serving = [
  "packages/sessile/src/node/server/**/*.test.ts",
  "packages/cli/**/*.test.ts",
  "packages/sessile/src/record/**/*.test.ts",
  "packages/sessile/test/**/*.test.ts",
  "apps/*/test/**/*.test.ts",
];
/** The published suite waits by the clock for what lives two seconds, with half a second to spare: it runs before the rest. */
const conformance = ["packages/sessile/test/conformance/**/*.test.ts"];
const browser = ["apps/*/test/**/*.browser.test.ts", "packages/sessile/test/**/*.browser.test.ts"];

const common = {
  // Files keep nothing in modules, so a worker loads the platform and bundles each Worker once for all that it runs.
  isolate: false,
  // On a busy machine what is awaited may take long to come; the defaults are five seconds, and one for what is polled.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } },
  sequence: { groupOrder: 1 },
};

/** What takes long although its file is short, and what waits rather than works: begun first, the rest fills the gaps. */
const long = /simulator|crash|-outage/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Two more than there are cores: tests of servers wait half their time.
    maxWorkers: availableParallelism() + 2,
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          include: [
            "packages/**/*.test.{ts,tsx}",
            "apps/**/*.test.{ts,tsx}",
            "scripts/**/*.test.ts",
            "bench/**/*.test.ts",
          ],
          exclude: ["**/node_modules/**", "**/dist/**", ...serving],
          ...common,
        },
      },
      {
        ...shared,
        test: {
          name: "server",
          include: serving,
          exclude: ["**/node_modules/**", "**/dist/**", ...browser, ...conformance],
          ...common,
        },
      },
      {
        ...shared,
        test: {
          name: "conformance",
          include: conformance,
          ...common,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...shared,
        test: {
          name: "browser",
          include: browser,
          ...common,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
