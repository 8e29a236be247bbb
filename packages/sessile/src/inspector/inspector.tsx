import { useMemo, useRef, useState } from "react";
import { sse, type Transport } from "../client/index.ts";
import type { SessionContract, SessionEvent } from "../protocol/index.ts";
import { useSession } from "../react/index.ts";
import type { InspectedAddress } from "./address.ts";
import { Details } from "./details.tsx";
import { Head } from "./head.tsx";
import { Log } from "./log.tsx";
import type { OperatorHeaders } from "./operator-token.ts";
import type { ShownInspection } from "./panes.tsx";
import { StateHistory } from "./state-history.ts";
import type { Tab } from "./tabs.tsx";
import { useKeys } from "./use-keys.ts";
import { type Polled, usePolled } from "./use-polled.ts";

/** Asks first, because connecting would make a session that is not there. */
export function Inspector({ address }: { readonly address: InspectedAddress }) {
  const inspection = usePolled<ShownInspection>(address, "/inspect");
  if (inspection.value) return <LiveSession address={address} inspection={inspection} />;
  return (
    <main className="lone">
      <h1>
        {address.kind}/{address.name}
      </h1>
      {inspection.error ? <p role="alert">{inspection.error}</p> : <p>Asking …</p>}
    </main>
  );
}

/** A browser's WebSocket sends no headers. */
function transportWith(headers: OperatorHeaders): { readonly transport?: Transport } {
  return Object.keys(headers).length === 0 ? {} : { transport: sse({ headers }) };
}

interface LiveSessionProps {
  readonly address: InspectedAddress;
  readonly inspection: Polled<ShownInspection>;
}

function LiveSession({ address, inspection }: LiveSessionProps) {
  const transport = useMemo(() => transportWith(address.headers), [address]);
  const session = useSession<SessionContract>({ ...address, history: 1000, ...transport });
  const [filter, setFilter] = useState("");
  /** Null: the newest, whatever comes. Else what comes after `upTo` waits, so that nothing moves under the reader. */
  const [held, setHeld] = useState<{ readonly seq: number; readonly upTo: number } | null>(null);
  const [tab, setTab] = useState<Tab>("Event");
  const list = useRef<HTMLDivElement>(null);
  const filterField = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLDivElement>(null);

  const events = session.events as readonly SessionEvent[];
  const history = useMemo(() => new StateHistory(), []);
  history.add(events);
  const wanted = filter.trim().toLowerCase();
  const upTo = held?.upTo ?? Number.POSITIVE_INFINITY;
  const matching = useMemo(
    () => events.filter(({ seq, type }) => seq <= upTo && type.toLowerCase().includes(wanted)).reverse(),
    [events, wanted, upTo],
  );
  const event = matching.find(({ seq }) => seq === held?.seq) ?? matching[0] ?? null;
  const select = (seq: number) => setHeld({ seq, upTo: held?.upTo ?? session.lastSeq });
  const follow = () => {
    setHeld(null);
    list.current?.scrollTo({ top: 0 });
  };

  useKeys({
    move: (by) => {
      const index = event ? matching.indexOf(event) : 0;
      const next = matching[Math.min(matching.length - 1, Math.max(0, index + by))];
      if (next) select(next.seq);
      list.current?.focus();
    },
    open: () => {
      setTab("Event");
      panel.current?.focus();
    },
    follow,
    find: () => filterField.current?.focus(),
    list,
  });

  const error = session.error?.message ?? inspection.error;
  return (
    <>
      <Head address={address} session={session} inspection={inspection.value} />
      {error && <p role="alert">{error}</p>}
      <main>
        <Log
          count={events.length}
          waiting={held ? events.length - events.findLastIndex(({ seq }) => seq <= upTo) - 1 : 0}
          matching={matching}
          history={history}
          shown={event}
          isFollowing={held === null}
          onSelect={select}
          onFollow={follow}
          filter={filter}
          onFilter={setFilter}
          refs={{ list, filterField }}
        />
        <Details
          address={address}
          session={session}
          inspection={inspection}
          event={event}
          isFollowing={held === null}
          history={history}
          tab={tab}
          onTab={setTab}
          panel={panel}
        />
      </main>
    </>
  );
}
