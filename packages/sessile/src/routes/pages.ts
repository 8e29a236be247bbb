import { generatedHeader } from "./generated-header.ts";
import type { Manifest, ManifestKind } from "./manifest.ts";
import { importFrom, outputFolder } from "./source-file.ts";

export const pagesModulePath = `${outputFolder}/pages.ts`;

/** Below the static files: nothing else may be routed at `assets`. The embedded server knows the folder too (`hasHash`). */
export function bundledPagePath({ kind }: ManifestKind): string {
  return `assets/sessions/${kind}.js`;
}

/** What is bundled for the browser: the page of a kind, mounted with the session's name from the address. */
export function pageEntryPath({ kind }: ManifestKind): string {
  return `${outputFolder}/pages/${kind}.ts`;
}

export function pageEntry(entry: ManifestKind & { readonly page: string }): string {
  const at = entry.route.split("/").length + 1;
  return `${generatedHeader}
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import Page from ${JSON.stringify(importFrom(pageEntryPath(entry), entry.page))};

const name = decodeURIComponent(location.pathname.split("/")[${at}] ?? "") || "default";
const root = document.getElementById("root");
if (root) createRoot(root).render(createElement(Page, { name }));
`;
}

/** The shells that browsers get, as the Worker answers them. */
export function pagesModule({ kinds }: Manifest): string {
  const shells = kinds
    .filter(({ page }) => page !== null)
    .map(
      (entry) => `  ${JSON.stringify(entry.kind)}: shell(${JSON.stringify(`/${bundledPagePath(entry)}`)}),`,
    );
  return `${generatedHeader}
function shell(script: string): () => Response {
  const html = \`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Session</title>
<link rel="icon" href="data:,">
<div id="root"></div>
<script type="module" src="\${script}"></script>
</html>
\`;
  return () => new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}

export const pages = {
${shells.join("\n")}
};
`;
}
