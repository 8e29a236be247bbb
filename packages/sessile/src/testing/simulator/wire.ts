import type { SocketEvent, SocketLike } from "../../client/index.ts";
import { pingText, pongText } from "../../protocol/subprotocol.ts";
import { type Parcel, Pipe } from "./pipe.ts";
import type { World } from "./world.ts";

/** What a wire needs from the object at its far end. */
export interface WireEnd {
  accepted(wire: Wire): void;
  received(wire: Wire, text: string): void;
  ended(wire: Wire, code: number): void;
}

/** One connection from a client to an object. Lives longer than the object's instances, as a hibernating socket does. */
export class Wire {
  readonly name: string;
  readonly owner: string;
  readonly client: ClientSocket;
  /** What `serializeAttachment` left, as text. */
  attachment: string | null = null;
  tags: readonly string[] = [];
  /** Whether the server still counts this socket as one of its own. */
  isHeld = false;
  /** The server has said close, after which it may send no more. */
  isClosing = false;
  readonly #world: World;
  readonly #end: WireEnd;
  readonly #up: Pipe;
  readonly #down: Pipe;

  /** @param tellsEnd whether the client always learns when it is over; one that pings finds out by itself */
  constructor(world: World, name: string, owner: string, end: WireEnd, tellsEnd = false) {
    this.#world = world;
    this.name = name;
    this.owner = owner;
    this.#end = end;
    this.#up = new Pipe(world, `${name} ↑`, (parcel) => this.#arriveAtServer(parcel));
    this.#down = new Pipe(world, `${name} ↓`, (parcel) => this.client.arrive(parcel), tellsEnd);
    this.client = new ClientSocket(
      (text) => this.#up.send({ is: "text", text }),
      (code) => this.#up.finish({ is: "close", code }),
      (run) => void world.timeline.plan(0, `${name} closed by its client`, run),
    );
  }

  dial(): void {
    this.#up.send({ is: "dial" });
  }

  /** Nobody is there, or the server does not listen. */
  refuse(): void {
    this.#down.finish({ is: "close", code: 1006 });
    this.#up.lose();
  }

  toClient(parcel: Parcel): void {
    if (parcel.is === "close") this.#down.finish(parcel);
    else this.#down.send(parcel);
  }

  /** What the client sends from now on takes so much longer. */
  dawdle(ms: number): void {
    this.#up.hold(ms);
  }

  /** The connection breaks somewhere in the stream of bytes; each end learns of it by itself. */
  break(): void {
    this.#up.cut({ is: "close", code: 1006 });
    this.#down.cut({ is: "close", code: 1006 });
  }

  /** The connection dies and neither end is told; the server finds out when its keep-alive fails. */
  silence(): void {
    this.#up.lose();
    this.#down.lose();
    const keepAliveMs = this.#world.random.between(60_000, 200_000);
    this.#world.timeline.plan(keepAliveMs, `${this.name} keep-alive`, () =>
      this.#arriveAtServer({ is: "close", code: 1006 }),
    );
  }

  /** The process at the far end has died: what had left it may still arrive. */
  serverDied(): void {
    this.isHeld = false;
    this.#up.lose();
    this.#down.cut({ is: "close", code: 1006 });
  }

  #arriveAtServer(parcel: Parcel): void {
    switch (parcel.is) {
      case "dial":
        this.#end.accepted(this);
        return;
      case "text":
        if (!this.isHeld) return;
        // Answered by the platform, so that the object sleeps on.
        if (parcel.text === pingText) this.toClient({ is: "text", text: pongText });
        else this.#end.received(this, parcel.text);
        return;
      case "close":
        if (!this.isHeld) return;
        this.isHeld = false;
        this.#down.lose();
        this.#end.ended(this, parcel.code);
        return;
      default:
    }
  }
}

type Listener = (event: SocketEvent) => void;

/** The client's end, as the client's code sees it. */
export class ClientSocket implements SocketLike {
  readonly #send: (text: string) => void;
  readonly #sendClose: (code: number) => void;
  readonly #later: (run: () => void) => void;
  readonly #listeners = new Map<string, Listener[]>();
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";

  constructor(
    send: (text: string) => void,
    sendClose: (code: number) => void,
    later: (run: () => void) => void,
  ) {
    this.#send = send;
    this.#sendClose = sendClose;
    this.#later = later;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  addEventListener(type: "open" | "message" | "close" | "error", listener: Listener): void {
    const listeners = this.#listeners.get(type);
    if (listeners) listeners.push(listener);
    else this.#listeners.set(type, [listener]);
  }

  send(text: string): void {
    if (this.#state === "connecting") throw new Error("The socket is still connecting.");
    if (this.#state === "open") this.#send(text);
  }

  close(code = 1005): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    this.#sendClose(code);
    this.#later(() => this.#finish(code));
  }

  arrive(parcel: Parcel): void {
    switch (parcel.is) {
      case "opened":
        if (this.#state !== "connecting") return;
        this.#state = "open";
        this.#emit({ type: "open" });
        return;
      case "text":
        if (this.#state === "open") this.#emit({ type: "message", data: parcel.text });
        return;
      case "close":
        if (this.#state === "open") this.#sendClose(parcel.code);
        this.#finish(parcel.code);
        return;
      default:
    }
  }

  #finish(code: number): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#emit({ type: "close", code, reason: "" });
  }

  #emit(event: SocketEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event);
  }
}
