import type { Server } from "sessile/node";
import type { LoadDriver } from "./load/load-driver.ts";
import type { SubjectName } from "./subjects.ts";

/** What a figure works with. */
export interface BenchContext {
  readonly server: Server;
  readonly load: LoadDriver;
  readonly quick: boolean;
  readonly rounds: number;
}

/** A name no other figure uses. */
export function freshName(figure: string): string {
  return `${figure.replaceAll("/", "-")}-${Math.random().toString(36).slice(2, 8)}`;
}

/**
 * Measures every subject once per round, each round beginning with another one, so that whatever else the machine does
 * meanwhile falls on all of them.
 */
export async function interleave<Value>(
  names: readonly SubjectName[],
  rounds: number,
  measure: (subject: SubjectName, round: number) => Promise<Value>,
): Promise<Map<SubjectName, Value[]>> {
  const values = new Map<SubjectName, Value[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as SubjectName;
      values.get(name)?.push(await measure(name, round));
    }
  }
  return values;
}
