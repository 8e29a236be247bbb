import type { BenchContext } from "../bench-context.ts";
import type { Measurement } from "../measurement.ts";

export interface Figure {
  readonly name: string;
  /** What is measured and how, in one line for the reader of the table. */
  readonly about: string;
  run(context: BenchContext): Promise<readonly Measurement[]>;
}
