import type { CallsOf } from "./contract.ts";
import type { Json } from "./json.ts";

/**
 * `call.method(…)`: every name is a method, typed by the session class. `then` and symbols are not, or awaiting and
 * printing the object would call the session.
 */
export function callProxy<S>(send: (method: string, args: Json[]) => Promise<Json | undefined>): CallsOf<S> {
  const methods = new Map<string, (...args: readonly (Json | undefined)[]) => Promise<Json | undefined>>();
  const proxy = new Proxy(Object.freeze(Object.create(null)) as object, {
    get(_target, name) {
      if (typeof name === "symbol" || name === "then") return undefined;
      let method = methods.get(name);
      if (!method) {
        method = (...args) => send(name, givenArguments(args));
        methods.set(name, method);
      }
      return method;
    },
  });
  return proxy as CallsOf<S>;
}

/** An argument that was left out at the end is not sent. */
function givenArguments(args: readonly (Json | undefined)[]): Json[] {
  const given = args.slice(0, args.findLastIndex((value) => value !== undefined) + 1);
  return given.map((value) => value ?? null);
}
