import { freshName, interleave } from "../bench-context.ts";
import { median } from "../measurement.ts";
import { type SubjectName, subjectNames, subjects } from "../subjects.ts";
import type { Figure } from "./figure.ts";

/** Both sizes in one figure: they are compared with each other, so they must be interleaved too. */
export const wakeFigure: Figure = {
  name: "wake",
  about:
    "ms from forced eviction to the acknowledgement of one append over a socket that slept, at 0 and 10,000 events",
  async run({ server, load, quick }) {
    const sizes = [
      { name: "wake/0", events: 0 },
      { name: "wake/10k", events: quick ? 500 : 10_000 },
    ].map((size) => ({ ...size, session: freshName(size.name) }));
    for (const subject of subjectNames) {
      for (const { session, events } of sizes) {
        const job = { base: server.url, subject, session };
        const perFrame = subjects[subject].wire === "commands" ? 16 : 1;
        if (events > 0) await load.run({ kind: "fill", ...job, events, inFlight: 16, perFrame });
        await load.run({ kind: "hold", ...job });
      }
    }
    const wake = async (subject: SubjectName): Promise<readonly number[]> => {
      const times: number[] = [];
      for (const { session } of sizes) {
        const poke = { kind: "poke", base: server.url, subject, session } as const;
        // Only what is awake can be evicted, and everything here falls asleep by itself after ten seconds.
        await load.run(poke);
        await server.evict(subjects[subject].className, session);
        const { ms } = await load.run(poke);
        times.push(ms);
      }
      return times;
    };
    const measured = await interleave(subjectNames, quick ? 2 : 15, wake);
    return [...measured].flatMap(([subject, rounds]) =>
      sizes.map(({ name }, index) => ({
        name,
        subject,
        unit: "ms",
        value: median(rounds.map((times) => times[index] as number)),
      })),
    );
  },
};
