import type { AgentsClientFrame } from "../../protocol/agents-frame.ts";
import type { Outcome } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import { assertJson, type Json } from "../../protocol/json.ts";
import type { FoundMethod } from "../callable.ts";
import type { CommandIntake } from "../command-intake.ts";
import type { SessionHooks } from "../session-hooks.ts";
import type { StreamingResponse } from "../streaming-callable.ts";
import type { Visibility } from "../visibility.ts";
import type { AgentsPeer, AgentsPeers } from "./agents-peers.ts";

export interface AgentsCallsOptions {
  readonly peers: AgentsPeers;
  readonly hooks: SessionHooks;
  readonly visible: Visibility;
  readonly intake: CommandIntake;
  /** Before an answer goes out. */
  readonly answering: () => void;
}

type CallFrame = Extract<AgentsClientFrame, { is: "call" }>;

/** Calls of Agents SDK clients, answered at once or bit by bit. */
export class AgentsCalls {
  readonly #options: AgentsCallsOptions;
  readonly #streams = new Map<WebSocket, Map<string, StreamedAnswer>>();

  constructor(options: AgentsCallsOptions) {
    this.#options = options;
  }

  /** Calls that ran when an earlier instance went: nobody else would ever answer them, and a streaming one has no timeout. */
  endForgotten(): void {
    const { peers } = this.#options;
    for (const socket of peers.sockets) {
      for (const id of peers.get(socket)?.calls ?? []) {
        peers.endCall(socket, id);
        this.#fail(
          socket,
          id,
          new SessileError("unavailable", "The session restarted before this call ended."),
        );
      }
    }
  }

  begin(socket: WebSocket, peer: AgentsPeer, { id, method, args }: CallFrame, chars: number): void {
    const { hooks, intake, peers, visible } = this.#options;
    const streaming = hooks.findStreaming?.(method) ?? null;
    const isAside = streaming !== null || hooks.findMethod(method)?.isAsync === true;
    if (isAside) peers.beginCall(socket, id);
    const command = { op: "call", method, args } as const;
    if (!streaming) {
      intake.fromPeer(socket, peer, { command, chars }, (outcome) => {
        if (isAside) peers.endCall(socket, id);
        this.#settle(socket, id, method, outcome);
      });
      return;
    }
    const stream = new StreamedAnswer({
      send: (result) => this.#send(socket, id, result, false),
      end: (result) => this.#send(socket, id, result, true),
      error: (message) => {
        const error = new SessileError("rejected", message);
        visible.whenShown((failure) => this.#fail(socket, id, failure ?? error));
      },
    });
    const streams = this.#streams.get(socket) ?? new Map<string, StreamedAnswer>();
    this.#streams.set(socket, streams.set(id, stream));
    const run: FoundMethod["run"] = (...given) => streaming(stream, ...given);
    intake.fromPeer(socket, peer, { command, chars, method: { isAsync: true, run } }, (outcome) => {
      peers.endCall(socket, id);
      streams.delete(id);
      if (stream.isClosed) return;
      stream.close();
      this.#settle(socket, id, method, outcome);
    });
  }

  /** Its methods may look up and stop. */
  left(socket: WebSocket): void {
    for (const stream of this.#streams.get(socket)?.values() ?? []) stream.close();
    this.#streams.delete(socket);
  }

  #settle(socket: WebSocket, id: string, method: string, outcome: Outcome): void {
    if (outcome.ok) {
      this.#answer(socket, id, outcome.result, true);
      return;
    }
    const { error } = outcome;
    const isMissing = error.code === "not_found" && error.details.field === "method";
    this.#fail(
      socket,
      id,
      isMissing ? new SessileError("not_found", `Method ${method.slice(0, 100)} is not callable`) : error,
    );
  }

  /** A method sees what is not shown yet; what it says of it goes out when it is. */
  #send(socket: WebSocket, id: string, result: Json | undefined, done: boolean): void {
    this.#options.visible.whenShown((failure) => {
      if (!failure) {
        this.#answer(socket, id, result, done);
        return;
      }
      this.#streams.get(socket)?.get(id)?.close();
      this.#fail(socket, id, failure);
    });
  }

  #answer(socket: WebSocket, id: string, result: Json | undefined, done: boolean): void {
    const { answering, peers } = this.#options;
    answering();
    if (!peers.has(socket)) return;
    const body = result === undefined ? {} : { result };
    peers.send(socket, { type: "rpc", id, success: true, ...body, done });
  }

  #fail(socket: WebSocket, id: string, { code, message }: SessileError): void {
    const { answering, peers } = this.#options;
    answering();
    if (peers.has(socket)) peers.send(socket, { type: "rpc", id, success: false, error: message, code });
  }
}

interface StreamSink {
  readonly send: (chunk: Json) => void;
  readonly end: (chunk: Json | undefined) => void;
  readonly error: (message: string) => void;
}

class StreamedAnswer implements StreamingResponse {
  readonly #sink: StreamSink;
  #isClosed = false;

  constructor(sink: StreamSink) {
    this.#sink = sink;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  send(chunk: Json): boolean {
    if (this.#isClosed) return false;
    assertJson(chunk, "chunk");
    this.#sink.send(chunk);
    return true;
  }

  end(finalChunk?: Json): boolean {
    if (this.#isClosed) return false;
    if (finalChunk !== undefined) assertJson(finalChunk, "chunk");
    this.#isClosed = true;
    this.#sink.end(finalChunk);
    return true;
  }

  error(message: string): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#sink.error(message);
    return true;
  }
}
