/** A file of the project. Paths are below the project's folder, with `/` on every platform. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Where kinds are looked for, and where what follows from them is written. */
export const sourceFolder = "sessions";
export const outputFolder = ".sessions";
export const lockPath = "sessions.lock.json";

/** What the path of a file in the output folder is to an import from there. */
export function importFrom(outputFile: string, target: string): string {
  const depth = outputFile.split("/").length - 1;
  return `${"../".repeat(depth)}${target}`;
}
