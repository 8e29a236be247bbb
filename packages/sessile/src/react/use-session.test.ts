import * as React from "react";
import { afterEach, expect, expectTypeOf, test, vi } from "vitest";
import type { Json, SessionContract } from "../protocol/index.ts";
import { settled } from "../testing/fake-clock.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { useGates, useInbox, useSession } from "./index.ts";

/** React's own seam for renderers: `H` answers the hooks. Two hooks are all that is used, so this renders the hook itself. */
const internals = (React as unknown as Record<string, { H: unknown }>)
  .__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE as { H: unknown };

function renderHook<Result>(hook: () => Result) {
  const memos: { deps: readonly unknown[]; value: unknown }[] = [];
  let slot = 0;
  let stop: (() => void) | null = null;
  const view = { current: undefined as Result, renders: 0, unmount: () => stop?.() };
  const render = () => {
    slot = 0;
    internals.H = {
      useMemo: (make: () => unknown, deps: readonly unknown[]) => {
        const at = slot++;
        const memo = memos[at];
        if (memo?.deps.every((dep, index) => Object.is(dep, deps[index]))) return memo.value;
        const value = make();
        memos[at] = { deps, value };
        return value;
      },
      useSyncExternalStore: (subscribe: (changed: () => void) => () => void, getSnapshot: () => unknown) => {
        if (!stop) queueMicrotask(() => (stop ??= subscribe(render)));
        return getSnapshot();
      },
    };
    view.current = hook();
    view.renders += 1;
    internals.H = null;
  };
  render();
  return view as typeof view & { readonly current: Result };
}

interface Chat extends SessionContract {
  readonly initialState: { readonly topic: string };
  readonly eventTypes?: { readonly message: { readonly text: string }; readonly "note.added": null };
}

interface Mail extends SessionContract {
  readonly eventTypes?: { readonly message: { readonly body: string } };
}
interface Lines extends SessionContract {
  readonly eventTypes?: { readonly message: string };
}
interface Diary extends SessionContract {
  readonly eventTypes?: { readonly "entry.written": null };
}

afterEach(() => vi.unstubAllGlobals());

test("CL30 useSession gives messages and send, and keeps what has not changed", async () => {
  const server = new ScriptedServer({ kind: "chat", state: { topic: "tides" } });
  vi.stubGlobal("WebSocket", server.WebSocket);
  const view = renderHook(() => useSession<Chat>({ url: "https://s.test", kind: "chat", name: "n1" }));
  expect(view.current).toMatchObject({ connection: "idle", state: undefined, messages: [], gates: [] });
  await expect.poll(() => view.current?.connection).toBe("live");
  expect(view.current?.state).toEqual({ topic: "tides" });

  await view.current?.send("hello");
  await expect.poll(() => view.current?.messages.map(({ payload }) => payload.text)).toEqual(["hello"]);
  const { messages, gates, send, append } = view.current;
  server.commit({
    type: "gate.opened",
    payload: { gateId: "g1", title: "Block?", detail: "", options: ["yes"], expiresAt: null },
  });
  await expect.poll(() => view.current?.gates.map(({ gateId }) => gateId)).toEqual(["g1"]);
  expect(view.current?.gates).not.toBe(gates);
  expect(view.current?.send).toBe(send);
  expect(view.current?.append).toBe(append);
  expect(messages).toHaveLength(1);
  view.unmount();
  await settled();
});

test("CL27 the hook is typed by the session's class", () => {
  const compiled = (_check: () => unknown) => {};
  compiled(() => {
    const session = useSession<Chat>({ kind: "chat", name: "n1" });
    expectTypeOf(session.state).toEqualTypeOf<{ readonly topic: string } | undefined>();
    expectTypeOf(session.messages[0]?.payload).toEqualTypeOf<{ readonly text: string } | undefined>();
    session.send("text");
    session.send({ text: "payload" });
    // @ts-expect-error -- not the payload of a message
    session.send({ body: "payload" });
    // @ts-expect-error -- no such event
    session.append("note.removed", null);
    // @ts-expect-error -- a kind is needed
    useSession<Chat>({ name: "n1" });
    const plain = useSession<SessionContract>({ kind: "chat", name: "n1" });
    expectTypeOf(plain.messages[0]?.payload).toEqualTypeOf<Json | undefined>();
    plain.send("text");
    plain.send([1]);
    // @ts-expect-error -- a text is not what its messages are
    useSession<Mail>({ kind: "mail", name: "n1" }).send("text");
    // @ts-expect-error -- nor would a text be sent as one
    useSession<Lines>({ kind: "lines", name: "n1" }).send("text");
    // @ts-expect-error -- it has no messages
    useSession<Diary>({ kind: "diary", name: "n1" }).send("text");
  });
});

test("DR12 useSession shows the draft, and saves, cancels and sends it", async () => {
  const server = new ScriptedServer({ kind: "chat", state: { topic: "tides" } });
  vi.stubGlobal("WebSocket", server.WebSocket);
  const view = renderHook(() => useSession<Chat>({ url: "https://s.test", kind: "chat", name: "drafts" }));
  await expect.poll(() => view.current?.connection).toBe("live");
  await view.current.saveDraft("message", { text: "soon" });
  const draftId = (server.frames.at(-1) as unknown as { commands: { draftId: string }[] }).commands[0]
    ?.draftId;
  const draft = { draftId, type: "message", payload: { text: "soon" }, savedAt: 1 };
  server.send({ t: "draft", draft } as never);
  await expect.poll(() => view.current.draft).toEqual(draft);
  await view.current.sendDraft();
  expect(server.frames.at(-1)).toMatchObject({ commands: [{ op: "sendDraft", draftId }] });
  await expect(view.current.cancelDraft()).rejects.toMatchObject({ code: "not_found" });
  server.send({ t: "draft", draft: null } as never);
  await expect.poll(() => view.current.draft).toBeNull();
  view.unmount();
});

test("GA26 useGates follows what waits in a session, and answers it", async () => {
  const server = new ScriptedServer({ kind: "chat", state: { topic: "tides" } });
  vi.stubGlobal("WebSocket", server.WebSocket);
  const view = renderHook(() => {
    const { client } = useSession<Chat>({ url: "https://s.test", kind: "chat", name: "gates" });
    return useGates(client);
  });
  expect(view.current?.gates).toEqual([]);
  await settled();
  const opened = { gateId: "g1", title: "Block?", detail: "", options: ["yes"], expiresAt: null };
  server.commit({ type: "gate.opened", payload: opened });
  await expect.poll(() => view.current?.gates.map(({ gateId }) => gateId)).toEqual(["g1"]);
  void view.current?.answer("g1", "yes", { argumentsHash: "h", remember: { match: "call" } });
  await settled();
  expect(server.frames.at(-1)).toMatchObject({
    commands: [
      { op: "answerGate", gateId: "g1", answer: "yes", argumentsHash: "h", remember: { match: "call" } },
    ],
  });
  view.unmount();
});

test("GA26 useInbox reads what waits everywhere, answers with the hash that was shown, and reads again", async () => {
  const asked: [string, unknown][] = [];
  const call = { name: "block", arguments: {}, argumentsHash: "h" };
  const item = { kind: "chat", name: "n1", title: "T", gate: { gateId: "g:1", call }, mayAnswer: true };
  let items = [item];
  const answerOf = (url: string, body: unknown) => {
    asked.push([url.replace("https://s.test", ""), body]);
    if (body) items = [];
    return new Response(JSON.stringify({ items, nextCursor: null, hasMore: false }));
  };
  vi.stubGlobal("fetch", async (url: string, { body }: { body?: string }) =>
    answerOf(url, body && JSON.parse(body)),
  );
  vi.stubGlobal("WebSocket", null);
  const view = renderHook(() => useInbox({ url: "https://s.test/", kind: "chat", isMine: true }));
  expect(view.current).toMatchObject({ items: null, hasMore: false, error: null });
  await expect.poll(() => view.current?.items).toEqual([item]);
  await view.current?.answer(item as never, "approve", { comment: "go" });
  await expect.poll(() => view.current?.items).toEqual([]);
  const list = "/v1/gates?limit=100&kind=chat&mine=1";
  expect(asked).toEqual([
    [list, undefined],
    ["/v1/sessions/chat/n1/gates/g%3A1", { argumentsHash: "h", answer: "approve", comment: "go" }],
    [list, undefined],
  ]);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("away")));
  await view.current?.refresh();
  expect(view.current).toMatchObject({ items: [], error: { code: "unavailable" } });
  view.unmount();
});
