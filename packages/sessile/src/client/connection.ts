import { subprotocol } from "../protocol/index.ts";
import { step } from "./connection-machine.ts";
import {
  type ConnectionState,
  type Effect,
  type Input,
  idle,
  type SessionEffect,
} from "./connection-state.ts";
import type { Environment, SocketLike, Transport, TransportName } from "./environment.ts";

export interface ConnectionOptions {
  /** WebSocket URL of the session. */
  readonly url: string;
  readonly history: number;
  readonly events: boolean;
  readonly fromSnapshot: boolean;
  /** Null: a WebSocket. */
  readonly transport: Transport | null;
  readonly environment: Environment;
  /** Called for every effect the session is to learn of, in order. */
  readonly onEffect: (effect: SessionEffect) => void;
  /** Called with each binary frame of the open socket. */
  readonly onBinary: (data: ArrayBuffer) => void;
  /** Called once after each input has been dealt with. */
  readonly onSettled: () => void;
}

/** Drives the machine: owns the one socket and the one timer, and decides nothing. */
export class Connection {
  readonly #options: ConnectionOptions;
  #state: ConnectionState;
  #socket: SocketLike | null = null;
  #timer: unknown = null;
  /** Inputs that arrive while one is dealt with, as when a listener closes the client. */
  readonly #inputs: Input[] = [];
  #isBusy = false;
  #stopListening: (() => void) | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { history, events, fromSnapshot } = options;
    this.#state = idle({ history, events, fromSnapshot, online: true });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get isAttached(): boolean {
    return this.#state.at === "catchingUp" || this.#state.at === "live";
  }

  /** What the open socket is. */
  get via(): TransportName {
    return this.#socket?.via ?? "websocket";
  }

  get isShared(): boolean {
    return this.#socket?.isShared === true;
  }

  start(): void {
    const { network } = this.#options.environment;
    if (!this.#stopListening) {
      this.#stopListening = network.listen((online) => {
        this.#take({ is: online ? "online" : "offline" });
        if (online) void this.#socket?.refresh?.();
      });
      this.#take({ is: network.isOnline() ? "online" : "offline" });
    }
    this.#take({ is: "start" });
  }

  stop(): void {
    this.#take({ is: "stop" });
  }

  /** Ends a wait at once; on an open connection makes sure of it, and asks for what is new. */
  async refresh(): Promise<void> {
    const asked = this.isAttached ? this.#socket?.refresh?.() : undefined;
    if (this.#state.online && asked === undefined) this.#take({ is: "online" });
    await asked;
  }

  /** Others have written: whoever polls would wait for the next time to see it. */
  hurry(): void {
    if (this.via === "poll") void this.refresh();
  }

  /** The view went its own way: begins again without it. */
  startOver(): void {
    this.#take({ is: "mismatch" });
  }

  /** Sends on the open socket; the caller has seen `isAttached`. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket?.send(data);
  }

  #take(input: Input): void {
    this.#inputs.push(input);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) this.#run(next);
    } finally {
      this.#isBusy = false;
    }
  }

  #run(input: Input): void {
    const { clock, random } = this.#options.environment;
    const { state, effects } = step(this.#state, input, clock.now(), random());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#options.onSettled();
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case "openSocket":
        this.#open(effect.socket);
        break;
      case "sendText":
        this.#socket?.send(effect.text);
        break;
      case "closeSocket":
        this.#socket?.close(1000);
        this.#socket = null;
        break;
      case "setTimer":
        this.#setTimer(effect.at);
        break;
      case "finish":
        this.#stopListening?.();
        this.#stopListening = null;
        this.#options.onEffect(effect);
        break;
      default:
        this.#options.onEffect(effect);
    }
  }

  #open(socket: number): void {
    const { url, transport, environment } = this.#options;
    const opened = transport?.open(url, environment) ?? new environment.WebSocket(url, [subprotocol]);
    this.#socket = opened;
    opened.binaryType = "arraybuffer";
    opened.addEventListener("open", () => this.#take({ is: "opened", socket }));
    opened.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#take({ is: "text", socket, text: data });
      else if (data instanceof ArrayBuffer && opened === this.#socket && this.isAttached)
        this.#options.onBinary(data);
    });
    // A close event follows every error; the listener only keeps `ws` from throwing.
    opened.addEventListener("error", () => {});
    opened.addEventListener("close", ({ code = 1006, reason = "" }) =>
      this.#take({ is: "closed", socket, code, reason }),
    );
  }

  #setTimer(at: number | null): void {
    const { clock } = this.#options.environment;
    if (this.#timer !== null) clock.clearTimeout(this.#timer);
    this.#timer = null;
    if (at === null) return;
    this.#timer = clock.setTimeout(() => {
      this.#timer = null;
      this.#take({ is: "timer" });
    }, at - clock.now());
  }
}
