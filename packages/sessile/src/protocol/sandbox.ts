/** In place of a worker loader the embedded server binds an address, known to nobody else, where throw-away Workers are run. */
export type SandboxAddress = { readonly sandboxUrl: string };

/** What is posted there: a Worker by its modules, the body of the one request it gets, and its bounds. */
export type SandboxOrder = {
  /** For whom: of those who wait, each has a turn. */
  readonly owner: string;
  readonly compatibilityDate: string;
  readonly mainModule: string;
  readonly modules: { readonly [name: string]: string };
  readonly body: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly maxOutputBytes: number;
};

/** How a run in a sandbox ended: `overdue` and `crashed` are ends that code cannot have given itself. */
export const sandboxOutcomes = ["done", "threw", "overdue", "crashed"] as const;
export type SandboxOutcome = (typeof sandboxOutcomes)[number];

/** Header of the answer that tells the outcome; its body is the output. */
export const sandboxOutcomeHeader = "sandbox-outcome";

/** workerd compiles all modules of a Worker when it starts, and says so where one does not compile. @returns the error; null: it is another */
export function compileErrorIn(text: string): string | null {
  return /Uncaught (\w*Error: [^\n]*)/.exec(text)?.[1] ?? null;
}
