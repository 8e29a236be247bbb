// These functions run inside workerd: `entry-source.ts` sends their text. They may use each other, their
// arguments and what every Worker has, but nothing else from this module or any other.

/** Without a promise where none is needed: each costs a turn on every request. */
type Answered = Response | Promise<Response>;
type Next = (request: Request) => Answered;

/** Answers a request by itself, or with what `next` answers: the user's Worker. */
export type Answer = (request: Request, env: Record<string, unknown>, next: Next) => Answered;

interface Entrypoint {
  readonly env: Record<string, unknown>;
  fetch?(request: Request): Answered;
}

type Handlers = Record<string, ((...args: unknown[]) => unknown) | undefined>;

/** The default export of a Worker, object or class, with `answer` in front of its `fetch`. */
export function wrapHandler(handler: unknown, answer: Answer): unknown {
  if (typeof handler === "function") return wrapClass(handler as { prototype: Entrypoint }, answer);
  if (typeof handler === "object" && handler !== null) return wrapObject(handler as Handlers, answer);
  throw new Error(
    "The Worker has no default export. Export an object with a fetch method, or a WorkerEntrypoint.",
  );
}

export function wrapClass(entrypoint: { prototype: Entrypoint }, answer: Answer): unknown {
  const inner = entrypoint.prototype.fetch;
  entrypoint.prototype.fetch = function (this: Entrypoint, request) {
    return answer(request, this.env, (passed) => inner?.call(this, passed) ?? noFetch());
  };
  return entrypoint;
}

export function wrapObject(handlers: Handlers, answer: Answer): unknown {
  const wrapped: Handlers = {};
  for (const event of ["scheduled", "queue", "email", "tail", "trace", "tailStream", "test"]) {
    if (typeof handlers[event] === "function") wrapped[event] = (...args) => handlers[event]?.(...args);
  }
  wrapped.fetch = (request, env, context) =>
    answer(request as Request, env as Record<string, unknown>, (passed) =>
      handlers.fetch ? (handlers.fetch(passed, env, context) as Answered) : noFetch(),
    );
  return wrapped;
}

export function noFetch(): Response {
  return new Response("This Worker answers no requests.\n", { status: 404 });
}
