import { freshName } from "../bench-context.ts";
import { countedPrefix } from "../counted-prefix.ts";
import type { Measurement } from "../measurement.ts";
import { subjectNames, subjects } from "../subjects.ts";
import type { Figure } from "./figure.ts";

export const rowsFigures: readonly Figure[] = [1, 64].map((inFlight) => ({
  name: `rows/append/${inFlight}`,
  about: `billed rows written an event, alarms included, ${inFlight} in flight; creating the session left out`,
  async run({ server, load, quick }): Promise<readonly Measurement[]> {
    const measured: Measurement[] = [];
    const events = (quick ? 4 : 64) * 64;
    for (const subject of subjectNames) {
      const session = `${countedPrefix}${freshName(this.name)}`;
      const job = { base: server.url, subject, session, perFrame: 1, inFlight };
      const rows = async (): Promise<number> => {
        const answer = await fetch(`${server.url}/rows/${subjects[subject].className}/${session}`);
        return (await answer.json()) as number;
      };
      await load.run({ kind: "fill", ...job, events: inFlight });
      const before = await rows();
      await load.run({ kind: "fill", ...job, events });
      const value = ((await rows()) - before) / events;
      measured.push({ name: this.name, subject, unit: "rows/event", value });
    }
    return measured;
  },
}));
