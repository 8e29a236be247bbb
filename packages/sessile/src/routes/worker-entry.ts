import { generatedHeader } from "./generated-header.ts";
import type { Manifest, ManifestKind } from "./manifest.ts";
import { importFrom, outputFolder } from "./source-file.ts";

export const workerEntryPath = `${outputFolder}/worker.ts`;

/** The Worker: every kind's class, and `createSessile` with their routes and middleware. */
export function workerEntry({ kinds, options }: Manifest): string {
  const middleware = [...new Set(kinds.flatMap((kind) => kind.middleware))].sort();
  const nameOf = (path: string): string => `middleware${middleware.indexOf(path)}`;
  // Each names what it needs of the environment, and the Worker has all of it.
  const parts = [...(options === null ? [] : ["options"]), ...middleware.map(nameOf)];
  const env = parts.map((part) => `EnvOf<typeof ${part}>`).join(" & ");
  const lines = [
    generatedHeader,
    `import { createSessile${env && ", type EnvOf"} } from "sessile/worker";`,
    ...(options === null ? [] : [`import options from ${quotedImport(options)};`]),
    ...middleware.map((path) => `import ${nameOf(path)} from ${quotedImport(path)};`),
    ...(kinds.some(({ page }) => page !== null) ? ['import { pages } from "./pages.ts";'] : []),
    "",
    ...kinds.map(({ className, file }) => `export { default as ${className} } from ${quotedImport(file)};`),
    "",
    `export default createSessile${env && `<${env}>`}({`,
    ...(options === null ? [] : ["  ...options,"]),
    "  kinds: {",
    ...kinds.flatMap((kind) => kindLines(kind, nameOf)),
    "  },",
    "});",
    "",
  ];
  return lines.join("\n");
}

function kindLines(kind: ManifestKind, nameOf: (path: string) => string): readonly string[] {
  const chain = kind.middleware.map(nameOf).join(", ");
  return [
    `    ${JSON.stringify(kind.kind)}: {`,
    `      binding: ${JSON.stringify(kind.binding)},`,
    `      route: ${JSON.stringify(kind.route)},`,
    '      defaultName: "default",',
    ...(chain === "" ? [] : [`      middleware: [${chain}],`]),
    ...(kind.page === null ? [] : [`      page: pages[${JSON.stringify(kind.kind)}],`]),
    "    },",
  ];
}

function quotedImport(path: string): string {
  return JSON.stringify(importFrom(workerEntryPath, path));
}
