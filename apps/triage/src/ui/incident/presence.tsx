import { plural } from "../lib/format-number.ts";
import { Avatar } from "../profile/avatar.tsx";
import { useIncident } from "./session-context.ts";

const maxShown = 5;

/** Who has this incident open, each person once. */
export function Presence() {
  const { session } = useIncident();
  const { peers, count } = session.presence;
  const people = new Map<string, string>();
  let guests = 0;
  for (const { actor } of peers) {
    if (actor) people.set(actor.id, actor.name ?? actor.id);
    else guests += 1;
  }
  const names = [...people.values()];
  if (count === 0) return null;
  const others = names.length - maxShown + Math.max(0, count - peers.length);
  const text = [...names, ...(guests > 0 ? [plural(guests, "guest")] : [])].join(", ");
  return (
    <span className="flex items-center" title={`Here now: ${text}`}>
      <span className="sr-only">Here now: {text}</span>
      {names.slice(0, maxShown).map((name) => (
        <span key={name} className="-ml-1 rounded-full ring-2 ring-canvas first:ml-0">
          <Avatar name={name} />
        </span>
      ))}
      {others > 0 && <span className="tnum ml-1.5 text-ink-2 text-xs">+{others}</span>}
    </span>
  );
}
