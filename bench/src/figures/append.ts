import { freshName, interleave } from "../bench-context.ts";
import { type Measurement, median, quantile } from "../measurement.ts";
import { type SubjectName, subjectNames } from "../subjects.ts";
import type { Figure } from "./figure.ts";

export interface Shape {
  readonly name: string;
  readonly about: string;
  readonly inFlight: number;
  readonly perFrame: number;
  readonly subjects: readonly SubjectName[];
}

const shapes: readonly Shape[] = [
  ...[1, 64, 512].map((inFlight) => ({
    name: `append/${inFlight}`,
    about: `durable events of about 150 B a second on one session, ${inFlight} in flight on one socket, one a frame`,
    inFlight,
    perFrame: 1,
    subjects: subjectNames,
  })),
  {
    name: "append/packed",
    about: "the same with 512 in flight, 64 a frame",
    inFlight: 512,
    perFrame: 64,
    subjects: ["sessile", "floor-grouped"],
  },
];

export const appendFigures: readonly Figure[] = shapes.map(appendFigure);

export function appendFigure(shape: Shape): Figure {
  return {
    name: shape.name,
    about: shape.about,
    async run({ server, load, rounds, quick }): Promise<readonly Measurement[]> {
      const session = freshName(shape.name);
      const measured = await interleave(shape.subjects, rounds, (subject) =>
        load.run({
          kind: "append",
          base: server.url,
          subject,
          session,
          inFlight: shape.inFlight,
          perFrame: shape.perFrame,
          warmupMs: quick ? 100 : 400,
          ms: quick ? 250 : 1200,
        }),
      );
      return [...measured].flatMap(([subject, results]) => {
        const latency = (part: number): number =>
          median(results.map((one) => quantile(one.latenciesMs, part)));
        return [
          {
            name: shape.name,
            subject,
            unit: "events/s",
            value: median(results.map(({ events, ms }) => (events / ms) * 1000)),
          },
          { name: `${shape.name}/p50`, subject, unit: "ms", value: latency(0.5) },
          { name: `${shape.name}/p99`, subject, unit: "ms", value: latency(0.99) },
        ];
      });
    },
  };
}
