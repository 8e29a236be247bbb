export function IncidentRoute({ name }: { readonly name: string }) {
  return <main id="main">{name}</main>;
}
