import { useMemo } from "react";
import type { SessionContract } from "../protocol/index.ts";
import type { UseSession } from "../react/index.ts";
import type { InspectedAddress } from "./address.ts";
import type { ShownInspection } from "./panes.tsx";
import { Rate } from "./rate.tsx";

interface HeadProps {
  readonly address: InspectedAddress;
  readonly session: UseSession<SessionContract>;
  readonly inspection: ShownInspection | null;
}

/** How the session stands. */
export function Head({ address: { kind, name }, session, inspection }: HeadProps) {
  const times = useMemo(() => session.events.map(({ createdAt }) => createdAt), [session.events]);
  const facts: readonly (readonly [name: string, value: string | number | null | undefined])[] = [
    ["Connection", session.connection],
    ["Lifecycle", session.lifecycle],
    ["Status", session.status],
    ["Last seq", session.lastSeq],
    ["Recorded", inspection?.sync.recordedSeq ?? "no record"],
    ["State version", session.view?.version],
  ];
  return (
    <header>
      <h1>
        {kind}/{name}
      </h1>
      <dl>
        {facts.map(([fact, value]) =>
          value == null ? null : (
            <div key={fact}>
              <dt>{fact}</dt>
              <dd data-value={value}>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <Rate times={times} />
    </header>
  );
}
