import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { root } from "./run.ts";

const source = join(root, "packages/sessile/src/inspector");

/** The inspector as one file, which runs nothing but its own script and asks nobody but its own origin. */
export async function inspectorPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(source, "page.tsx")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2023",
    jsx: "automatic",
    conditions: ["sessile-source", "browser"],
    define: { "process.env.NODE_ENV": '"production"' },
    // Licences of what is bundled stay with it.
    legalComments: "eof",
    logLevel: "silent",
  });
  // Inside a page a script ends at the first thing that looks like its end.
  const script = (outputFiles[0]?.text ?? "").replaceAll("</script", "<\\/script");
  const style = readFileSync(join(source, "page.css"), "utf8");
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Inspector</title>
<style>${style}</style>
</head>
<body>
<div id="root"></div>
<script>${script}</script>
</body>
</html>
`;
}

/** Writes it to where `sessile/inspector.html` is found. */
export async function buildInspector(): Promise<void> {
  const file = join(root, "packages/sessile/dist/inspector.html");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await inspectorPage());
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
