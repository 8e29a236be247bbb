import type { RefObject } from "react";
import type { SessionContract, SessionEvent } from "../protocol/index.ts";
import type { UseSession } from "../react/index.ts";
import type { InspectedAddress } from "./address.ts";
import { EventPane } from "./event-pane.tsx";
import { LogPane } from "./log-pane.tsx";
import { GatesPane, Loaded, type ShownInspection, SocketsPane, StreamsPane, TimersPane } from "./panes.tsx";
import { SqlPane } from "./sql-pane.tsx";
import type { StateHistory } from "./state-history.ts";
import { type Tab, Tabs } from "./tabs.tsx";
import type { Polled } from "./use-polled.ts";
import { longText } from "./value-text.ts";

interface DetailsProps {
  readonly address: InspectedAddress;
  readonly session: UseSession<SessionContract>;
  readonly inspection: Polled<ShownInspection>;
  readonly event: SessionEvent | null;
  readonly isFollowing: boolean;
  readonly history: StateHistory;
  readonly tab: Tab;
  readonly onTab: (tab: Tab) => void;
  readonly panel: RefObject<HTMLDivElement | null>;
}

export function Details({ tab, onTab, panel, ...props }: DetailsProps) {
  const { session, inspection } = props;
  const counts: Partial<Record<Tab, number>> = {
    Sockets: inspection.value?.sockets.count ?? 0,
    Timers: inspection.value?.due.length ?? 0,
    Streams: Object.keys(session.view?.streams ?? {}).length,
    Gates: session.gates.length,
  };
  return (
    <section aria-label="Details">
      <Tabs counts={counts} selected={tab} onSelect={onTab} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys */}
      <div ref={panel} id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        <Pane {...props} tab={tab} />
      </div>
    </section>
  );
}

type PaneProps = Omit<DetailsProps, "onTab" | "panel">;

function Pane({ tab, address, session, inspection, event, isFollowing, history }: PaneProps) {
  switch (tab) {
    case "Event":
      return <EventPane event={event} differences={event && history.differencesAt(event.seq)} />;
    case "State":
      return isFollowing || !event ? (
        <StateAt when="now" state={session.view?.state} />
      ) : (
        <StateAt when={`after seq ${event.seq}`} state={history.stateAt(event.seq)} />
      );
    case "Sockets":
      return (
        <Loaded polled={inspection}>
          {(value) => <SocketsPane inspection={value} ownPeerId={session.peerId} />}
        </Loaded>
      );
    case "Timers":
      return <Loaded polled={inspection}>{(value) => <TimersPane inspection={value} />}</Loaded>;
    case "Streams":
      return <StreamsPane address={address} />;
    case "Gates":
      return <GatesPane address={address} />;
    case "Log":
      return <LogPane address={address} />;
    case "SQL":
      return <SqlPane address={address} />;
  }
}

function StateAt({ when, state }: { readonly when: string; readonly state: Parameters<typeof longText>[0] }) {
  return (
    <>
      <h2>
        State <small>{when}</small>
      </h2>
      {state === undefined ? (
        <p className="empty">Not known: the log that is loaded begins later.</p>
      ) : (
        <pre>{longText(state)}</pre>
      )}
    </>
  );
}
