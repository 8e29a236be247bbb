import { join } from "node:path";
import { freshName, interleave } from "../bench-context.ts";
import { startBenchServer } from "../bench-server.ts";
import { LoadDriver } from "../load/load-driver.ts";
import { median } from "../measurement.ts";
import type { Figure } from "./figure.ts";

const sessions = 1000;

/** Whether a server of several processes, with sessions shared out by name, would be worth its making. */
export const processesFigure: Figure = {
  name: "processes",
  about: `durable events a second over ${sessions} sessions from two load processes: on one workerd, and half of them on each of two`,
  async run({ server, load, dir, rounds, quick }) {
    await using second = await startBenchServer(join(dir, "second"));
    await using otherLoad = new LoadDriver();
    const session = freshName("processes");
    const spread = async (driver: LoadDriver, base: string, half: string) => {
      const { events, ms } = await driver.run({
        kind: "spread",
        base,
        subject: "sessile",
        session: `${session}-${half}`,
        sessions: quick ? 25 : sessions / 2,
        ms: quick ? 500 : 4000,
      });
      return (events / ms) * 1000;
    };
    const measured = await interleave(
      ["one", "two"],
      quick ? 1 : Math.max(1, rounds - 2),
      async (processes) => {
        const other = processes === "one" ? server.url : second.url;
        const rates = await Promise.all([spread(load, server.url, "a"), spread(otherLoad, other, "b")]);
        return rates.reduce((sum, rate) => sum + rate);
      },
    );
    return [...measured].map(([processes, rates]) => ({
      name: `processes/${processes}`,
      subject: "sessile" as const,
      unit: "events/s",
      value: median(rates),
    }));
  },
};
