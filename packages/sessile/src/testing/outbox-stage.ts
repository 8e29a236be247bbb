import { onTestFinished } from "vitest";
import {
  connect,
  durable,
  memoryOutbox,
  type OutboxStore,
  type SessionClient,
  type SessionClientOptions,
} from "../client/index.ts";
import type { SessionContract } from "../protocol/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { ScriptedServer } from "./scripted-server.ts";

export interface Note extends SessionContract {
  readonly eventTypes?: { readonly "note.added": { readonly text: string } };
  readonly initialState: { readonly title: string };
}

/** Clients of one session with one store for what they have not sent; they are closed when the test ends. */
export function outboxStage(store: OutboxStore = memoryOutbox()) {
  const clock = new FakeClock();
  const server = new ScriptedServer({ state: { title: "first" } });
  let random = 0;
  const open = (options: Partial<SessionClientOptions> = {}): SessionClient<Note> => {
    random += 1;
    const client = connect<Note>({
      url: "https://s.test",
      kind: "note",
      name: "n1",
      WebSocket: server.WebSocket,
      clock,
      random: () => random / 1_000,
      outbox: durable(store),
      ...options,
    });
    onTestFinished(() => client.close());
    return client;
  };
  /** Texts that the server has taken. */
  const said = () =>
    server.log.flatMap(({ events }) =>
      events
        .filter(({ type }) => type === "note.added")
        .map(({ payload }) => (payload as { text: string }).text),
    );
  return { clock, server, store, open, said };
}

/** Gives texts; the promises may be left alone. */
export function say(client: SessionClient<Note>, ...texts: readonly string[]) {
  const answers = texts.map((text) => client.append("note.added", { text }));
  for (const answer of answers) answer.catch(() => {});
  return answers;
}
