import { expect, test } from "vitest";
import { defaultSummaryPolicy, Summaries, Usage } from "../../kernel/index.ts";
import type { SummarizerAnswer } from "../../protocol/summary.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { hostClock } from "../../testing/host-clock.ts";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { DueRunner } from "../due-runner.ts";
import { SummaryMaker } from "./summary-maker.ts";

const content = { text: "x", keyTopics: [], actionItems: [] };
const usage = { inputTokens: 5, outputTokens: 1, costMicros: 2 };

test.for<[answer: unknown, tokens: number]>([
  [undefined, 0],
  [{ text: "x", usage }, 12],
  [{ ...content, keyTopics: [1], usage: null }, 0],
  [{ ...content, usage: { ...usage, costMicros: 12.5 } }, 0],
  [{ ...content, usage: { ...usage, inputTokens: Number.NaN } }, 0],
])(
  "SU6 SU9 a summariser that answers %j has failed, is asked as often as it may be, and its cost counts",
  async ([answer, tokens]) => {
    const fixture = new KernelFixture();
    const { kernel } = fixture;
    fixture.append(undefined, { text: "The server must be restarted." });
    const fake = new FakeClock(fixture.now);
    const clock = hostClock(fake);
    let calls = 0;
    const maker = new SummaryMaker({
      kernel,
      policy: { ...defaultSummaryPolicy, attempts: 2 },
      summarizer: {
        model: "own",
        summarize: async () => {
          calls += 1;
          return answer as SummarizerAnswer;
        },
      },
      clock,
      shownView: () => kernel.committedView,
      readAfter: (after) => kernel.log.readAfter(after, Number.POSITIVE_INFINITY),
      refusal: () => null,
      write: (body) => void kernel.write(null, clock.now(), body),
      report: () => {},
      rearm: () => {},
    });
    const runner = new DueRunner({
      due: kernel.due,
      clock,
      run: (timer) => maker.rang(timer),
      report: () => {},
      rearm: () => {},
    });
    kernel.write(null, clock.now(), (writer) => writer.setLifecycle("terminated"));
    maker.start();
    for (let rings = 0; rings < 4; rings++) {
      await runner.run();
      await fake.advanceAsync(60_000);
    }
    const { tokens: counted } = new Usage(fixture.sql).rollup();
    expect([calls, counted.total]).toEqual([2, tokens]);
    expect(new Summaries(fixture.sql).list(9)).toMatchObject([
      { model: "extractive", reason: "termination" },
    ]);
  },
);
