import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const conditions = ["sessile-source"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };
/** These start servers of their own: fewer at once, and time for a busy machine. */
const serving = [
  "packages/sessile/src/node/server/**/*.test.ts",
  "packages/cli/**/*.test.ts",
  "packages/sessile/src/record/**/*.test.ts",
  "packages/sessile/test/**/*.test.ts",
  "apps/*/test/**/*.test.ts",
];
const browser = ["apps/*/test/**/*.browser.test.ts", "packages/sessile/test/**/*.browser.test.ts"];

/** On a busy machine what is polled for may take long to come; the default is a second. */
const patient = { poll: { timeout: 20_000 } };

/** Files of half a minute and more, which nothing else should have to wait for at the end. */
const long = /many-seeds|mutants|durable-streams/;

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
    // One more than there are cores: tests of servers wait half their time.
    maxWorkers: availableParallelism() + 1,
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
        },
      },
      {
        ...shared,
        test: {
          name: "server",
          include: serving,
          exclude: ["**/node_modules/**", "**/dist/**", ...browser],
          expect: patient,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: "browser",
          include: browser,
          expect: patient,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
