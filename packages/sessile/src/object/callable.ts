import type { CallArguments, Callable } from "../protocol/contract.ts";
import type { Json } from "../protocol/json.ts";

const marked = new WeakSet<object>();

/**
 * Marks a method as reachable by clients; no other is. Written as a field, so that its type travels to the client:
 *
 *     readonly increment = callable((by: number) => {
 *       this.setState({ count: this.state.count + by });
 *       return this.state.count;
 *     });
 *
 * A synchronous method runs inside one commit: all of it happens or none. An `async` one runs beside the commits and
 * each of its writes is its own.
 */
export function callable<Args extends CallArguments, Result>(
  method: (...args: Args) => Result,
): Callable<Args, Result> {
  marked.add(method);
  return method as Callable<Args, Result>;
}

export interface FoundMethod {
  readonly run: (...args: readonly Json[]) => unknown;
  readonly isAsync: boolean;
}

/** Looks among the instance's own fields only, so that nothing inherited can be reached whatever the name. */
export function findCallable(session: object, name: string): FoundMethod | null {
  if (!Object.hasOwn(session, name)) return null;
  const method: unknown = (session as { readonly [name: string]: unknown })[name];
  if (typeof method !== "function" || !marked.has(method)) return null;
  const run = method as (...args: readonly Json[]) => unknown;
  return { run, isAsync: run.constructor.name === "AsyncFunction" };
}
