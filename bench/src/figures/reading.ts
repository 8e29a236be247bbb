import { freshName, interleave } from "../bench-context.ts";
import { median } from "../measurement.ts";
import { type SubjectName, subjectNames } from "../subjects.ts";
import type { Figure } from "./figure.ts";

export const fanoutFigure: Figure = {
  name: "fanout/512",
  about: "events a second delivered to 512 readers of one session, one writer with 64 in flight",
  async run({ server, load, rounds, quick }) {
    const session = freshName("fanout");
    const measured = await interleave(subjectNames, quick ? 1 : Math.min(rounds, 3), (subject) =>
      load.run({
        kind: "fanout",
        base: server.url,
        subject,
        session,
        readers: quick ? 64 : 512,
        events: quick ? 200 : subject === "sessile" || subject === "floor-grouped" ? 4000 : 150,
      }),
    );
    return [...measured].map(([subject, results]) => ({
      name: this.name,
      subject,
      unit: "events/s",
      value: median(results.map(({ events, ms }) => (events / ms) * 1000)),
    }));
  },
};

export const catchupFigure: Figure = {
  name: "catchup/10k",
  about: "events a second until a fresh client has parsed 10,000 events, written 16 a commit",
  async run({ server, load, rounds, quick }) {
    const events = quick ? 2000 : 10_000;
    const names: readonly SubjectName[] = ["sessile", "floor-grouped"];
    const session = freshName("catchup");
    for (const subject of names) {
      await load.run({
        kind: "fill",
        base: server.url,
        subject,
        session,
        events,
        inFlight: 16,
        perFrame: 16,
      });
    }
    const measured = await interleave(names, rounds, (subject) =>
      load.run({ kind: "catchup", base: server.url, subject, session, events }),
    );
    return [...measured].flatMap(([subject, results]) => [
      {
        name: this.name,
        subject,
        unit: "events/s",
        value: median(results.map((one) => (one.events / one.ms) * 1000)),
      },
      { name: `${this.name}/time`, subject, unit: "ms", value: median(results.map(({ ms }) => ms)) },
    ]);
  },
};
