import { useState } from "react";
import type { GateOutcome, StreamInfo } from "../protocol/index.ts";
import { ask, type InspectedAddress } from "./address.ts";
import { newestGates } from "./newest-gates.ts";
import { Table } from "./table.tsx";
import { type Polled, usePolled } from "./use-polled.ts";
import { bytesText, clockText, shortText } from "./value-text.ts";

/** What `GET …/inspect` answers; times as RFC 3339. */
export interface ShownInspection {
  readonly sockets: { readonly count: number; readonly items: readonly ShownSocket[] };
  readonly streamReaders: number;
  readonly due: readonly {
    readonly timerId: string;
    readonly name: string;
    readonly dueAt: string;
    readonly attempts: number;
  }[];
  readonly work: readonly { readonly workId: string; readonly name: string; readonly steps: number }[];
  /** Only if asked for. */
  readonly tables?: readonly { readonly name: string; readonly rows: number }[];
  readonly databaseBytes: number | null;
  readonly sync: { readonly lastSeq: number; readonly recordedSeq: number | null };
}

interface ShownSocket {
  readonly peerId: string;
  readonly actor: { readonly id: string; readonly name?: string } | null;
  readonly protocol: string;
  readonly phase: string;
  readonly since: string | null;
  readonly bufferedBytes: number;
}

export function SocketsPane({
  inspection,
  ownPeerId,
}: {
  readonly inspection: ShownInspection;
  readonly ownPeerId: string | null;
}) {
  const { sockets, streamReaders } = inspection;
  return (
    <>
      <Table
        caption="Sockets"
        items={sockets.items}
        keyOf={({ peerId }) => peerId}
        columns={[
          ["Peer", ({ peerId }) => `${peerId.slice(0, 8)}${peerId === ownPeerId ? " (this page)" : ""}`],
          ["Who", ({ actor }) => (actor ? (actor.name ?? actor.id) : "nobody in particular")],
          ["Protocol", ({ protocol }) => protocol],
          ["Phase", ({ phase }) => phase],
          ["Since", ({ since }) => since && clockText(since)],
          ["Unread", ({ bufferedBytes }) => bytesText(bufferedBytes)],
        ]}
      />
      <p>
        {sockets.count > sockets.items.length && `${sockets.count} in all. `}
        {streamReaders} more read the chunks of one stream.
      </p>
    </>
  );
}

export function TimersPane({ inspection: { due, work } }: { readonly inspection: ShownInspection }) {
  return (
    <>
      <Table
        caption="Due work"
        items={due}
        keyOf={({ timerId }) => timerId}
        columns={[
          ["Due", ({ dueAt }) => new Date(dueAt).toLocaleString("en-GB")],
          ["Timer", ({ timerId }) => timerId],
          ["Name", ({ name }) => name || "(the library's own)"],
          ["Failed runs", ({ attempts }) => attempts],
        ]}
      />
      <Table
        caption="Work that runs"
        items={work}
        keyOf={({ workId }) => workId}
        columns={[
          ["Work", ({ workId }) => workId],
          ["Name", ({ name }) => name],
          ["Finished steps", ({ steps }) => steps],
        ]}
      />
    </>
  );
}

export function StreamsPane({ address }: { readonly address: InspectedAddress }) {
  const polled = usePolled<{ readonly items: readonly StreamInfo[] }>(address, "/streams?limit=100");
  return (
    <Loaded polled={polled}>
      {({ items }) => (
        <Table
          caption="Streams, newest first"
          items={items}
          keyOf={({ streamId }) => streamId}
          columns={[
            ["Stream", ({ streamId }) => streamId],
            ["Status", ({ status }) => status],
            ["Chunks", ({ chunks }) => chunks],
            ["Type", ({ contentType }) => contentType],
            ["Opened", ({ openedAt }) => clockText(openedAt)],
            ["Seq", ({ openedSeq }) => openedSeq],
          ]}
        />
      )}
    </Loaded>
  );
}

export function GatesPane({ address }: { readonly address: InspectedAddress }) {
  const [load] = useState(() => newestGates((path) => ask(address, path)));
  const polled = usePolled(address, load);
  return (
    <Loaded polled={polled}>
      {(items) => (
        <Table
          caption="Gates, those that wait first, then newest first"
          items={items}
          keyOf={({ gateId }) => gateId}
          columns={[
            ["Gate", ({ gateId }) => gateId],
            ["Title", ({ title }) => title],
            ["Status", ({ outcome }) => (outcome ? outcomeText(outcome) : "waiting")],
            ["Options", ({ options }) => options.join(", ")],
            ["Call", ({ call }) => call && `${call.name} ${shortText(call.arguments)}`],
          ]}
        />
      )}
    </Loaded>
  );
}

export function Loaded<T>({
  polled: { value, error },
  children,
}: {
  readonly polled: Polled<T>;
  readonly children: (value: T) => React.ReactNode;
}) {
  if (error) return <p role="alert">{error}</p>;
  return value === null ? <p className="empty">Asking …</p> : children(value);
}

function outcomeText(outcome: GateOutcome): string {
  return outcome.status === "answered" ? `answered: ${outcome.answer}` : outcome.status;
}
