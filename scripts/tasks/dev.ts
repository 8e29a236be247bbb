import { join } from "node:path";
import { createServer } from "vite";
import { DevServer } from "../../packages/cli/src/dev/dev-server.ts";
import { root } from "../lib/run.ts";

// `npm run dev`: the triage app with live reload. The page is served by Vite on 5173 and asks the embedded server on 8787;
// a change of the Worker takes over in place, on the same data, and clients resume where they were.
const app = join(root, "apps/triage");
const port = 5173;

const dev = await DevServer.start({
  root: app,
  flags: {
    dir: join(root, ".sessile"),
    // The page comes from Vite: what was built of it before is not served beside it.
    assets: join(app, "public"),
    authorizer: false,
    allowedHosts: [`127.0.0.1:${port}`, `localhost:${port}`],
    vars: {},
  },
  onServing: ({ url }) => console.log(`Sessions at ${url}`),
  print: console.log,
});
const page = await createServer({
  root: app,
  configFile: join(app, "vite.config.ts"),
  configLoader: "native",
  server: { port, host: "127.0.0.1" },
});
await page.listen();
page.printUrls();

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void Promise.allSettled([page.close(), dev.close()]).then(() => process.exit(0));
  });
}
