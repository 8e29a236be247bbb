import { lives } from "./lives.ts";
import { Pause } from "./pause.ts";
import type { Planned } from "./timeline.ts";
import type { World } from "./world.ts";

/**
 * Runs `body` with the platform's clock and chance replaced by the world's: the jitter of retries, the pauses of stream readers and
 * whatever the Worker waits for are not handed in, and here they come from the seed too.
 */
export async function alone(world: World, body: () => Promise<void>): Promise<void> {
  const { timeline } = world;
  const { random } = Math;
  const { now } = Date;
  const { stackTraceLimit } = Error;
  const jitter = world.random.fork("jitter");
  Math.random = () => jitter.next();
  Date.now = () => lives.getStore()?.now ?? timeline.now;
  // Refusals are errors, of which histories have many, and a stack is read by nobody but whoever reads the trace.
  if (!world.lines) Error.stackTraceLimit = 0;
  const putBack = replaceGlobals({
    setTimeout: (run: () => void, delayMs = 0) => new Pause(timeline, delayMs, run),
    clearTimeout: (pause: Pause | null = null) => pause?.cancel(),
    setInterval: (run: () => void, everyMs: number) => repeat(world, run, everyMs),
    clearInterval: (interval: { stop(): void } | null = null) => interval?.stop(),
    // Clocks count whole milliseconds.
    scheduler: {
      wait: (ms: number) => new Promise<void>((run) => new Pause(timeline, Math.ceil(ms), run)),
    },
    ...world.packing.streams,
  });
  try {
    await body();
  } finally {
    Math.random = random;
    Date.now = now;
    Error.stackTraceLimit = stackTraceLimit;
    putBack();
  }
}

/** @returns what puts back the globals that were there */
function replaceGlobals(globals: Readonly<Record<string, unknown>>): () => void {
  const before = Object.keys(globals).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
  return () => {
    for (const [name, descriptor] of before)
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
  };
}

function repeat({ timeline }: World, run: () => void, everyMs: number): { stop(): void } {
  let planned: Planned;
  const next = () => {
    planned = timeline.plan(everyMs, "an interval", () => {
      next();
      run();
    });
  };
  next();
  return { stop: () => timeline.cancel(planned) };
}
