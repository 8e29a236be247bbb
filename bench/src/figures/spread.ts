import { freshName, interleave } from "../bench-context.ts";
import { median, quantile } from "../measurement.ts";
import { subjectNames } from "../subjects.ts";
import type { Figure } from "./figure.ts";

export const spreadFigure: Figure = {
  name: "spread/1000x1",
  about: "durable events a second over 1,000 sessions, one socket each, one in flight on each",
  async run({ server, load, rounds, quick }) {
    const session = freshName("spread");
    const measured = await interleave(subjectNames, quick ? 1 : Math.min(rounds, 3), (subject) =>
      load.run({
        kind: "spread",
        base: server.url,
        subject,
        session,
        sessions: quick ? 50 : 1000,
        ms: quick ? 500 : 4000,
      }),
    );
    return [...measured].flatMap(([subject, results]) => [
      {
        name: this.name,
        subject,
        unit: "events/s",
        value: median(results.map(({ events, ms }) => (events / ms) * 1000)),
      },
      {
        name: `${this.name}/p99`,
        subject,
        unit: "ms",
        value: median(results.map((one) => quantile(one.latenciesMs, 0.99))),
      },
    ]);
  },
};
