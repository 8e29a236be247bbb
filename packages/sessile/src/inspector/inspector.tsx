import { useMemo, useRef, useState } from "react";
import type { SessionContract, SessionEvent } from "../protocol/index.ts";
import { useSession } from "../react/index.ts";
import type { InspectedAddress } from "./address.ts";
import { Details } from "./details.tsx";
import { Head } from "./head.tsx";
import { Log } from "./log.tsx";
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

interface LiveSessionProps {
  readonly address: InspectedAddress;
  readonly inspection: Polled<ShownInspection>;
}

function LiveSession({ address, inspection }: LiveSessionProps) {
  const session = useSession<SessionContract>({ ...address, history: 1000 });
  const [filter, setFilter] = useState("");
  /** Null: the newest, whatever comes. */
  const [selected, setSelected] = useState<number | null>(null);
  const [tab, setTab] = useState<Tab>("Event");
  const list = useRef<HTMLDivElement>(null);
  const filterField = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLDivElement>(null);

  const events = session.events as readonly SessionEvent[];
  const history = useMemo(() => new StateHistory(), []);
  history.add(events);
  const wanted = filter.trim().toLowerCase();
  const matching = useMemo(
    () => events.filter(({ type }) => type.toLowerCase().includes(wanted)).reverse(),
    [events, wanted],
  );
  const event = matching.find(({ seq }) => seq === selected) ?? matching[0] ?? null;
  const follow = () => {
    setSelected(null);
    list.current?.scrollTo({ top: 0 });
  };

  useKeys({
    move: (by) => {
      const index = event ? matching.indexOf(event) : 0;
      setSelected(matching[Math.min(matching.length - 1, Math.max(0, index + by))]?.seq ?? null);
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
          matching={matching}
          shown={event}
          isFollowing={selected === null}
          onSelect={setSelected}
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
          isFollowing={selected === null}
          history={history}
          tab={tab}
          onTab={setTab}
          panel={panel}
        />
      </main>
    </>
  );
}
