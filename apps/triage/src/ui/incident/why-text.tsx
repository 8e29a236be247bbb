import type { IncidentDetail } from "../../contract/api.ts";
import { type KeyField, keyFieldLabel, keyFields } from "../../domain/correlation/key-field.ts";
import { formatUtc } from "../lib/format-time.ts";
import { Foreign } from "../parts/foreign.tsx";

/** "Why is this one incident?": in a sentence, and as the rule's own data. */
export function WhyText({ why }: { readonly why: IncidentDetail["why"] }) {
  return (
    <div className="space-y-3 text-sm">
      <p>
        <Foreign text={why.sentence} max={1_200} />
      </p>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-xs">
        <dt className="text-ink-3">Rule</dt>
        <dd>
          <Foreign text={why.rule} max={200} />
        </dd>
        {Object.entries(why.fields).map(([field, value]) => (
          <div key={field} className="contents">
            <dt className="text-ink-3 first-letter:capitalize">{labelOf(field)}</dt>
            <dd className="font-mono">
              <Foreign text={value} max={200} />
            </dd>
          </div>
        ))}
        <dt className="text-ink-3">Window (UTC)</dt>
        <dd className="tnum">
          {formatUtc(why.from)} to {formatUtc(why.to)}
        </dd>
      </dl>
    </div>
  );
}

function labelOf(field: string): string {
  return (keyFields as readonly string[]).includes(field) ? keyFieldLabel(field as KeyField) : field;
}
