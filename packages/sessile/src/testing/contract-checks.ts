/** What contract suites assert with: they run where no test runner does. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [canonical(actual), canonical(expected)];
  if (a !== b) throw new Error(`Broken: ${what}: ${a}, expected ${b}`);
}

export async function refused(
  body: () => Promise<unknown>,
  code: string,
  what: string,
  field?: string,
): Promise<void> {
  const thrown = await body().then(
    () => null,
    (reason: unknown) => reason as { readonly code?: string; readonly details?: { readonly field?: string } },
  );
  equal(thrown?.code ?? `nothing refused: ${String(thrown)}`, code, what);
  if (field !== undefined) equal(thrown?.details?.field, field, `${what}: the field`);
}

/** JSON with keys in order: what is equal does not depend on how it was put together. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
