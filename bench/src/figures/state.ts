import { type BenchContext, freshName, interleave } from "../bench-context.ts";
import type { JobResult } from "../load/jobs.ts";
import { type Measurement, median } from "../measurement.ts";
import type { SubjectName } from "../subjects.ts";
import type { Figure } from "./figure.ts";

const names: readonly SubjectName[] = ["sessile", "agents"];

interface Shape {
  readonly chars: number;
  readonly messages: number;
  readonly change: "count" | "grow";
  readonly readers: number;
  readonly inFlight: number;
  /** Whole states are sent in the time of many changes. */
  readonly updates: { readonly sessile: number; readonly agents: number };
}

function measure({ server, load, rounds, quick }: BenchContext, shape: Shape) {
  return interleave(names, quick ? 1 : Math.min(rounds, 3), (subject): Promise<JobResult> => {
    const updates = shape.updates[subject === "agents" ? "agents" : "sessile"];
    return load.run({
      kind: "state",
      base: server.url,
      subject,
      session: freshName("state"),
      ...shape,
      updates: quick ? Math.ceil(updates / 10) : updates,
    });
  });
}

async function bytesOf(context: BenchContext, name: string, shape: Shape): Promise<readonly Measurement[]> {
  const measured = await measure({ ...context, rounds: 1 }, shape);
  return [...measured].map(([subject, results]) => ({
    name,
    subject,
    unit: "bytes",
    value: median(results.flatMap(({ frameBytes = [] }) => frameBytes)),
  }));
}

export const stateBytesFigure: Figure = {
  name: "state/bytes",
  about:
    "bytes of the frame a reader gets for one change: of a field of a 100 KB state; of 20 characters more in message 200",
  async run(context) {
    const alone = { readers: 1, inFlight: 1, updates: { sessile: 100, agents: 100 } };
    return [
      ...(await bytesOf(context, "state/bytes/field", {
        ...alone,
        chars: 100_000,
        messages: 200,
        change: "count",
      })),
      ...(await bytesOf(context, "state/bytes/text", {
        ...alone,
        chars: 20_000,
        messages: 200,
        change: "grow",
      })),
    ];
  },
};

export const stateFanoutFigure: Figure = {
  name: "state/fanout50",
  about:
    "changes of one field a second delivered to 50 readers, 64 in flight, of states of 100 KB and of 100 B",
  async run(context) {
    const shapes = [
      { name: "100k", chars: 100_000, messages: 200, updates: { sessile: 4000, agents: 40 } },
      { name: "100", chars: 60, messages: 1, updates: { sessile: 8000, agents: 1500 } },
    ] as const;
    const all: Measurement[] = [];
    for (const { name, ...shape } of shapes) {
      const measured = await measure(context, { ...shape, change: "count", readers: 50, inFlight: 64 });
      for (const [subject, results] of measured)
        all.push({
          name: `state/fanout50/${name}`,
          subject,
          unit: "updates/s",
          value: median(results.map(({ events, ms }) => (events / ms) * 1000)),
        });
    }
    return all;
  },
};
