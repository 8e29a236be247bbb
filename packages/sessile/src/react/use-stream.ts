import { useMemo, useSyncExternalStore } from "react";
import { FollowedStream, type SessionClient, type StreamSnapshot, systemClock } from "../client/index.ts";
import type { SessionContract } from "../protocol/index.ts";
import { coalesce } from "./coalesce.ts";

/**
 * A stream of a session from its start, live, for as long as the component is mounted. Renders once per frame of the screen,
 * however fast chunks come: `const { text } = useStream(client, "answer-1")`.
 */
export function useStream<S extends SessionContract>(
  session: SessionClient<S>,
  streamId: string,
): StreamSnapshot {
  const source = useMemo(() => {
    const followed = new FollowedStream((signal, onResync) => session.stream(streamId, { signal, onResync }));
    return { subscribe: coalesce(followed.subscribe, systemClock), getSnapshot: followed.getSnapshot };
  }, [session, streamId]);
  return useSyncExternalStore(source.subscribe, source.getSnapshot, source.getSnapshot);
}
