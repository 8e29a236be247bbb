import { generatedHeader } from "./generated-header.ts";
import type { Manifest, ManifestKind } from "./manifest.ts";
import { importFrom, outputFolder } from "./source-file.ts";

/** `@sessions/env`: the bindings of the kinds, typed by their classes. */
export function environmentModule({ kinds }: Manifest): string {
  const path = `${outputFolder}/env.ts`;
  const lines = [
    generatedHeader,
    ...kinds.map(
      ({ className, file }) => `import type ${className} from ${JSON.stringify(importFrom(path, file))};`,
    ),
    "",
    "/** The kinds' bindings. Extend it with the bindings of your own. */",
    "export interface GeneratedEnv {",
    ...kinds.map(({ binding, className }) => `  readonly ${binding}: DurableObjectNamespace<${className}>;`),
    "}",
    "",
  ];
  return lines.join("\n");
}

export function hookPath({ route }: ManifestKind): string {
  return `${outputFolder}/${route}.ts`;
}

/** `@sessions/{route}`: the hook of one kind, typed by its class. */
export function hookModule(entry: ManifestKind): string {
  const { className, kind, file } = entry;
  const session = JSON.stringify(importFrom(hookPath(entry), file));
  return `${generatedHeader}
import { useSession as useSessionOf, type UseSession, type UseSessionOptions } from "sessile/react";
import type ${className} from ${session};

export type { ${className} };

/** The session \`name\`, live while the component is mounted. \`state\` is undefined until the first frame. */
export function useSession(
  name = "default",
  options: Omit<UseSessionOptions, "kind" | "name"> = {},
): UseSession<${className}> {
  return useSessionOf<${className}>({ ...options, kind: ${JSON.stringify(kind)}, name });
}
`;
}

/** For \`extends\` in the project's tsconfig.json: where \`@sessions/…\` lies. */
export function pathsConfig(): string {
  const compilerOptions = {
    paths: { "@sessions/*": ["./*.ts"] },
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  return `${JSON.stringify({ compilerOptions }, null, 2)}\n`;
}
