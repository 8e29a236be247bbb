import type { SessionEvent } from "../protocol/index.ts";
import type { StateDifference } from "./state-history.ts";
import { longText, shortText } from "./value-text.ts";

interface EventPaneProps {
  readonly event: SessionEvent | null;
  readonly differences: readonly StateDifference[] | null;
}

/** One event: what it changed in the state, and all of it. */
export function EventPane({ event, differences }: EventPaneProps) {
  if (!event) return <p className="empty">Nothing has happened yet.</p>;
  const { payload, actor, ...envelope } = event;
  return (
    <>
      <h2>
        {event.type} <small>seq {event.seq}</small>
      </h2>
      {differences && <Differences differences={differences} />}
      <h3>Payload</h3>
      <pre>{longText(payload)}</pre>
      <h3>Envelope</h3>
      <pre>{longText({ ...envelope, actor: actor && { ...actor } })}</pre>
    </>
  );
}

function Differences({ differences }: { readonly differences: readonly StateDifference[] }) {
  if (differences.length === 0) return <p className="empty">The state is as it was.</p>;
  return (
    <table className="differences">
      <caption>What it changed in the state</caption>
      <thead>
        <tr>
          <th scope="col">Path</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(({ path, before, after }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a path may change twice
          <tr key={index}>
            <th scope="row">{path || "(whole)"}</th>
            <td className="before">{shortText(before, 400)}</td>
            <td className="after">{shortText(after, 400)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
