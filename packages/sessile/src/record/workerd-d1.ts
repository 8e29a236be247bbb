import { Miniflare } from "miniflare";
import type { D1Database } from "./d1.ts";

export interface WorkerdD1 {
  readonly miniflare: Miniflare;
  /** The database behind a binding; the same object each time. */
  database(binding: string): Promise<D1Database>;
  dispose(): Promise<void>;
}

/** Real D1 databases in workerd, in memory, for tests. */
export async function startWorkerdD1(bindings: readonly string[]): Promise<WorkerdD1> {
  const contents = "export default { fetch: () => new Response(null) };";
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    enableDevRegistry: false,
    logRequests: false,
    workers: [
      {
        config: {
          name: "record",
          compatibilityDate: "2026-11-01",
          manifest: {
            mainModule: "main.js",
            modulesRoot: "/",
            modules: { "main.js": { type: "esm", contents } },
          },
          env: Object.fromEntries(bindings.map((binding) => [binding, { type: "d1", id: binding }])),
        },
      },
    ],
  });
  await miniflare.ready;
  const databases = new Map<string, D1Database>();
  return {
    miniflare,
    async database(binding) {
      const database = databases.get(binding) ?? (await miniflare.getD1Database(binding));
      databases.set(binding, database);
      return database;
    },
    dispose: () => miniflare.dispose(),
  };
}
