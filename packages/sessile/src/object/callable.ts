import type { CallArguments, Callable } from "../protocol/contract.ts";
import type { Json } from "../protocol/json.ts";
import type { StandardSchema } from "../protocol/standard-schema.ts";
import { checkedArguments } from "./checked-arguments.ts";

/** The marked methods, and whether each is `async`. */
const marked = new WeakMap<object, { readonly isAsync: boolean }>();

/**
 * Marks a method as reachable by clients; no other is. Written as a field, so that its type travels to the client:
 *
 *     readonly increment = callable(z.tuple([z.number()]), (by) => {
 *       this.setState({ count: this.state.count + by });
 *       return this.state.count;
 *     });
 *
 * The schema is of the list of arguments, by any library that speaks Standard Schema, and checks them whoever calls. Without
 * one, the method gets whatever JSON was sent: types hold for those who compile against them.
 *
 * A synchronous method runs inside one commit: all of it happens or none. An `async` one runs beside the commits and
 * each of its writes is its own.
 */
export function callable<Args extends CallArguments, Result>(
  method: (...args: Args) => Result,
): Callable<Args, Result>;
export function callable<Schema extends ArgumentsSchema, Result>(
  schema: Schema,
  method: (...args: TypesOf<Schema>["output"]) => Result,
): Callable<TypesOf<Schema>["input"], Result>;
export function callable(...[first, second]: [AnyMethod] | [ArgumentsSchema, AnyMethod]): unknown {
  if (typeof first === "function") return mark(first, first);
  const method = second as AnyMethod;
  return mark((...args) => method(...checkedArguments(first, args)), method);
}

type ArgumentsSchema = StandardSchema<CallArguments, readonly unknown[]>;
type TypesOf<Schema extends ArgumentsSchema> = NonNullable<Schema["~standard"]["types"]>;
type AnyMethod = (...args: readonly unknown[]) => unknown;

function mark(method: AnyMethod, written: AnyMethod): AnyMethod {
  marked.set(method, { isAsync: written.constructor.name === "AsyncFunction" });
  return method;
}

export interface FoundMethod {
  readonly run: (...args: readonly Json[]) => unknown;
  readonly isAsync: boolean;
}

/** Looks among the instance's own fields only, so that nothing inherited can be reached whatever the name. */
export function findCallable(session: object, name: string): FoundMethod | null {
  if (!Object.hasOwn(session, name)) return null;
  const method: unknown = (session as { readonly [name: string]: unknown })[name];
  const mark = typeof method === "function" ? marked.get(method) : undefined;
  return mark ? { run: method as FoundMethod["run"], ...mark } : null;
}
