import type { KernelFixture } from "./kernel-fixture.ts";

/** The one alarm over a kernel's due work, which rings when a test says so. */
export class AlarmFixture {
  readonly #fixture: KernelFixture;
  readonly #run: (now: number) => Promise<unknown>;
  /** When it would ring; null if it is off. */
  at: number | null = null;

  constructor(fixture: KernelFixture, run: (now: number) => Promise<unknown>) {
    this.#fixture = fixture;
    this.#run = run;
    this.rearm();
  }

  readonly rearm = (): void => {
    this.at = this.#fixture.kernel.due.next();
  };

  async ring(): Promise<void> {
    const fixture = this.#fixture;
    fixture.now = this.at ?? fixture.now;
    await this.#run(fixture.now);
    this.rearm();
  }

  /** Rings for everything that is due within so long. */
  async pass(ms: number): Promise<void> {
    const until = this.#fixture.now + ms;
    while (this.at !== null && this.at <= until) await this.ring();
    this.#fixture.now = until;
  }
}
