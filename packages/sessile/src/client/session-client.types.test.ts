import { describe, expectTypeOf, test } from "vitest";
import type {
  Callable,
  Json,
  PartReference,
  SessileError,
  SessionContract,
  SessionEvent,
  SessionView,
} from "../protocol/index.ts";
import {
  type CommandResult,
  connect,
  type EventOf,
  type KeptCommand,
  memoryOutbox,
  poll,
  type SessionClient,
  shared,
  type WithParts,
} from "./index.ts";

/** Shaped as a session class is, with a method that is not callable from outside. */
declare class Incident implements SessionContract {
  readonly eventTypes?: { readonly "note.added": { readonly text: string }; readonly "page.sent": null };
  readonly initialState: { readonly severity: "low" | "high"; readonly notes: number };
  readonly assign: Callable<[person: string, urgent: boolean], { readonly assigned: string }>;
  readonly summarise: Callable<[], Promise<string>>;
  secret(): string;
}
declare class Plain implements SessionContract {
  readonly initialState: number;
}

declare class Loose implements SessionContract {
  readonly initialState: { items: { tags: string[] }[] };
}

declare class Album implements SessionContract {
  readonly eventTypes?: {
    readonly "image.added": { readonly caption: string; readonly image: PartReference };
  };
  readonly initialState: null;
}

declare const album: SessionClient<Album>;
declare const loose: SessionClient<Loose>;
declare const incident: SessionClient<Incident>;
declare const plain: SessionClient<Plain>;

/** Never run: what matters is that it compiles, and that each marked line does not. */
const compiled = (_check: () => unknown) => {};

describe("CL27 a client is typed by its session's class", () => {
  test("ST33 state", () => {
    compiled(() => {
      const { state, view, status } = incident.getSnapshot();
      expectTypeOf(state).toEqualTypeOf<
        { readonly severity: "low" | "high"; readonly notes: number } | undefined
      >();
      expectTypeOf(view).toEqualTypeOf<
        SessionView<{ readonly severity: "low" | "high"; readonly notes: number }> | undefined
      >();
      expectTypeOf(status).toEqualTypeOf<string | null | undefined>();
      expectTypeOf(plain.getSnapshot().state).toEqualTypeOf<number | undefined>();
      incident.setState({ severity: "low", notes: 1 }, { ifVersion: 3 });
      // @ts-expect-error -- not a severity
      incident.setState({ severity: "medium", notes: 1 });
      // @ts-expect-error -- a field is missing
      incident.setState({ severity: "low" });
      // @ts-expect-error -- the view may not be there yet
      incident.getSnapshot().view.status;
      // @ts-expect-error -- snapshots are immutable
      incident.getSnapshot().lastSeq = 1;
      // @ts-expect-error -- so is the state, in depth, whatever the class says
      loose.getSnapshot().state?.items[0]?.tags.push("x");
      loose.setState((state) => {
        // @ts-expect-error -- a function makes another state
        state.items = [];
        return { items: [...state.items, { tags: ["new"] }] };
      });
      // @ts-expect-error -- not a state
      loose.setState(() => ({ items: 1 }));
      // @ts-expect-error -- so are the events
      incident.getSnapshot().events.push();
    });
  });

  test("events", () => {
    compiled(() => {
      expectTypeOf(incident.append("note.added", { text: "x" })).toEqualTypeOf<
        Promise<CommandResult<Json | undefined>>
      >();
      const events: readonly SessionEvent[] = incident.getSnapshot().events;
      void events;
      incident.append("page.sent");
      plain.append("anything.goes", { at: [1, 2] });
      // @ts-expect-error -- no such event
      incident.append("note.removed", { text: "x" });
      // @ts-expect-error -- wrong payload
      incident.append("note.added", { txt: "x" });
      // @ts-expect-error -- the payload may not be left out
      incident.append("note.added");
      // @ts-expect-error -- only the kernel writes this
      incident.append("status.changed", { from: null, to: "closed" });
      // @ts-expect-error -- not JSON
      plain.append("anything.goes", () => {});
    });
  });

  test("reading events narrows by type", () => {
    compiled(() => {
      const event = incident.getSnapshot().events[0] as EventOf<Incident>;
      if (event.type === "note.added")
        expectTypeOf(event).toEqualTypeOf<SessionEvent<"note.added", { readonly text: string }>>();
      if (event.type === "status.changed") expectTypeOf(event.payload.to).toEqualTypeOf<string>();
      // @ts-expect-error -- not before it is known which event it is
      event.payload.text;
      // @ts-expect-error -- no such event
      if (event.type === "note.removed") return 1;
      return 0;
    });
  });

  test("methods", () => {
    compiled(() => {
      expectTypeOf(incident.call.assign("ada", true)).toEqualTypeOf<Promise<{ readonly assigned: string }>>();
      expectTypeOf(incident.call.summarise()).toEqualTypeOf<Promise<string>>();
      // @ts-expect-error -- not marked callable
      incident.call.secret();
      // @ts-expect-error -- no such method
      incident.call.dismiss();
      // @ts-expect-error -- wrong argument
      incident.call.assign(7, true);
      // @ts-expect-error -- an argument is missing
      incident.call.assign("ada");
    });
  });

  test("outboxes and shared connections", () => {
    compiled(() => {
      const address = { kind: "incident", name: "n1" };
      const client = connect<Incident>({
        ...address,
        outbox: memoryOutbox(),
        transport: shared({ transport: poll() }),
      });
      expectTypeOf(client.getSnapshot().kept).toEqualTypeOf<readonly KeptCommand[]>();
      client.outbox.onSettled(({ outcome }) =>
        expectTypeOf(outcome).toEqualTypeOf<CommandResult | SessileError>(),
      );
      // @ts-expect-error -- a store, not its name
      connect<Incident>({ ...address, outbox: "sessile-outbox" });
      // @ts-expect-error -- kept by the client alone
      client.outbox.kept = [];
      // @ts-expect-error -- one transport, not several
      shared({ transport: [poll()] });
    });
  });

  test("PA13 what is packed", () => {
    compiled(async () => {
      const image = new Blob();
      const long = String(image);
      const { parts, append } = album;
      append("image.added", await parts.pack({ caption: "The map", image }));
      // @ts-expect-error -- a text that is only known now may be too long, and a part then
      append("image.added", await parts.pack({ caption: long, image }));
      const packed = await parts.pack({ long, images: [image], at: { count: 1, by: null } });
      expectTypeOf(packed).toEqualTypeOf<{
        long: string | PartReference;
        images: [PartReference];
        at: { count: 1; by: null };
      }>();
      expectTypeOf(await parts.pack([] as Json)).toEqualTypeOf<Json>();
      expectTypeOf(await parts.pack([] as WithParts)).toEqualTypeOf<Json>();
      // @ts-expect-error -- not JSON
      parts.pack({ at: new Date() });
    });
  });

  test("lifecycle and gates", () => {
    compiled(() => {
      incident.setLifecycle("paused");
      incident.answerGate("g1", "approve", "fine");
      // @ts-expect-error -- no such lifecycle
      incident.setLifecycle("asleep");
      // @ts-expect-error -- versions are numbers
      incident.setStatus("closed", { expectedVersion: "3" });
    });
  });
});
