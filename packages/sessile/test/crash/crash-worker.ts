// The Worker that is killed: a session that counts, and works in steps.
import { callable, type Json, Session, type SessionRecord, type WorkContext } from "sessile";
import { createD1Record } from "sessile/d1";
import { createSessile } from "sessile/worker";

interface Env {
  readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0];
}

export class Ledger extends Session<Env, { readonly count: number }> {
  readonly kind = "ledger";
  readonly initialState = { count: 0 };
  override readonly works = { steps: (work: WorkContext, input: Json) => this.#steps(work, input) };

  readonly count = callable((by: number) => {
    this.setState({ count: this.state.count + by });
    return this.state.count;
  });
  readonly begin = callable((workId: string, steps: number, stepMs: number) =>
    this.startWork("steps", { workId, input: { steps, stepMs } }),
  );

  /** One numbered request of the producer of a stream; the same again changes nothing. */
  readonly write = callable(async (streamId: string, seq: number, chunk: string) => {
    const writer = this.streams.open(streamId);
    await writer.append(chunk, { producer: { id: "p", epoch: 0, seq } });
  });
  readonly finish = callable(async (streamId: string, output: Json) =>
    this.streams.endStream(streamId, output),
  );

  /** D1 takes some 850 events a second: only the session that is meant to be mirrored is, or the copy would never end. */
  override recordOf(env: Env): SessionRecord | null {
    return this.name === "mirrored" ? super.recordOf(env) : null;
  }

  async #steps({ workId, step }: WorkContext, input: Json): Promise<Json> {
    const { steps, stepMs } = input as { readonly steps: number; readonly stepMs: number };
    for (let n = 0; n < steps; n++) {
      await step(`s${n}`, () => scheduler.wait(stepMs).then(() => n), {
        commit: () => this.append("kept.step", { workId, n }),
      });
    }
    return steps;
  }
}

export default createSessile<Env>({
  kinds: { ledger: { binding: "LEDGER" } },
  record: ({ SESSILE_RECORD }) => createD1Record(SESSILE_RECORD),
});
