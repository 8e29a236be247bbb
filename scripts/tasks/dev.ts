import { join } from "node:path";
import { context } from "esbuild";
import { serve } from "sessile/node";
import { createServer } from "vite";
import { bundleOptions } from "../../packages/cli/src/bundle-worker.ts";
import { findConfig, readConfig } from "../../packages/cli/src/worker-config.ts";
import { root } from "../lib/run.ts";

// `npm run dev`: the triage app with live reload. The page is served by Vite on 5173 and asks the embedded server on 8787;
// a change of the Worker takes over in place, on the same data, and clients resume where they were.
const app = join(root, "apps/triage");
const config = readConfig(findConfig("wrangler.jsonc", app));
if (config.main === undefined) throw new Error("wrangler.jsonc has no main");

let server: Awaited<ReturnType<typeof serve>> | undefined;

async function takeOver(source: string): Promise<void> {
  if (server) {
    await server.reload({ source });
    console.log("The Worker was rebuilt and runs.");
    return;
  }
  const { compatibilityDate, compatibilityFlags, durableObjects, renamedClasses, d1, vars } = config;
  server = await serve({
    worker: { source },
    dir: join(root, ".sessile"),
    compatibilityDate,
    compatibilityFlags,
    durableObjects,
    renamedClasses,
    d1,
    vars,
    allowedHosts: ["127.0.0.1:5173", "localhost:5173"],
  });
}

let turn = Promise.resolve();
const bundler = await context({
  ...bundleOptions(config.main, config.define),
  plugins: [
    {
      name: "serve",
      setup: (build) =>
        build.onEnd(({ errors, outputFiles }) => {
          const source = outputFiles?.[0]?.text;
          if (errors.length > 0 || source === undefined) return;
          turn = turn.then(() => takeOver(source)).catch((error: unknown) => console.error(String(error)));
        }),
    },
  ],
  logLevel: "warning",
});
await bundler.watch();
while (!server) await new Promise((resolve) => setTimeout(resolve, 50));

const page = await createServer({
  root: app,
  configFile: join(app, "vite.config.ts"),
  server: { port: 5173, host: "127.0.0.1" },
});
await page.listen();
page.printUrls();

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void Promise.allSettled([page.close(), bundler.dispose(), server?.close()]).then(() => process.exit(0));
  });
}
