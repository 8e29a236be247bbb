import type { Server } from "sessile/node";
import type { LoadDriver } from "./load/load-driver.ts";

/** What a figure works with. */
export interface BenchContext {
  readonly server: Server;
  readonly load: LoadDriver;
  /** For data of servers beside; removed at the end. */
  readonly dir: string;
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
export async function interleave<Name, Value>(
  names: readonly Name[],
  rounds: number,
  measure: (subject: Name, round: number) => Promise<Value>,
): Promise<Map<Name, Value[]>> {
  const values = new Map<Name, Value[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as Name;
      values.get(name)?.push(await measure(name, round));
    }
  }
  return values;
}
