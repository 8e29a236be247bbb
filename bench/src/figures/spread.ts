import { freshName, interleave } from "../bench-context.ts";
import { median, quantile } from "../measurement.ts";
import { type SubjectName, subjectNames } from "../subjects.ts";
import type { Figure } from "./figure.ts";

export const spreadFigure: Figure = spreadOver(1000, subjectNames);

export function spreadOver(sessions: number, names: readonly SubjectName[], of = "spread"): Figure {
  const figure = `${of}/${sessions}x1`;
  return {
    name: figure,
    about: `durable events a second over ${sessions} sessions, one socket each, one in flight on each`,
    async run({ server, load, rounds, quick }) {
      const session = freshName(of);
      const measured = await interleave(names, quick ? 1 : Math.max(1, rounds - 2), (subject) =>
        load.run({
          kind: "spread",
          base: server.url,
          subject,
          session,
          sessions: quick ? Math.min(50, sessions) : sessions,
          ms: quick ? 500 : 4000,
        }),
      );
      return [...measured].flatMap(([subject, results]) => [
        {
          name: figure,
          subject,
          unit: "events/s",
          value: median(results.map(({ events, ms }) => (events / ms) * 1000)),
        },
        {
          name: `${figure}/p99`,
          subject,
          unit: "ms",
          value: median(results.map((one) => quantile(one.latenciesMs, 0.99))),
        },
      ]);
    },
  };
}
