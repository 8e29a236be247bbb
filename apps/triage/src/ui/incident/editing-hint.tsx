export function EditingHint({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <p role="status" className="mt-1 text-accent text-xs">
      <bdi>{names.join(", ")}</bdi> {names.length === 1 ? "is" : "are"} writing…
    </p>
  );
}
