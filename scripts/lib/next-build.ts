import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./run.ts";

/** Pinned, so that what fails is ours. */
const packages = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"];

const files: { readonly [path: string]: string } = {
  "package.json": '{ "name": "next-route", "private": true }\n',
  "app/layout.js":
    "export default function Layout({ children }) {\n  return <html lang='en'><body>{children}</body></html>;\n}\n",
  "app/page.js": "export default function Page() {\n  return <p>Sessions</p>;\n}\n",
  "app/api/sessions/[id]/route.js": `import { createD1StateStore, runMigration } from "sessile/d1";

export const dynamic = "force-dynamic";

export async function GET(_request, { params }) {
  const db = globalThis.database;
  await runMigration(db);
  return Response.json(await createD1StateStore(db).loadState((await params).id));
}
`,
};

/** A real Next.js application with a route on `sessile/d1`, built with the package as it is published. */
export async function buildNextRoute(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sessile-next-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const pack = ["pack", "--silent", "--ignore-scripts", "-w", "sessile", "--pack-destination", folder];
    await run("npm", pack);
    const quiet = ["--no-audit", "--no-fund", "--silent"];
    await run("npm", ["install", ...quiet, ...packages, "./sessile-0.1.0.tgz"], { cwd: folder });
    await run(join(folder, "node_modules/.bin/next"), ["build"], {
      cwd: folder,
      env: { NEXT_TELEMETRY_DISABLED: "1" },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
