import type { Finding } from "../../domain/analysis/analyser.ts";
import { FindingItem } from "./finding-item.tsx";

export function FindingList({ findings }: { readonly findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul className="mt-2 space-y-1">
      {findings.map((finding) => (
        <FindingItem key={finding.id} finding={finding} />
      ))}
    </ul>
  );
}
