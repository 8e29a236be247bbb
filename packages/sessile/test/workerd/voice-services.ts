import type { Server, ServerResponse } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { Arrivals } from "../arrivals.ts";
import { LocalServer } from "../local-server.ts";

/** One stream that a Worker opened, as a Flux endpoint sees it. */
export class ScriptedTranscriber {
  /** What it was asked for. */
  readonly query: Record<string, string>;
  readonly closed: Promise<void>;
  /** Understood after the last audio: sent before the close. */
  lastWords: object | null = null;
  wasAskedToClose = false;
  #audio: Buffer = Buffer.alloc(0);
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, query: Record<string, string>) {
    this.#socket = socket;
    this.query = query;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("message", (data, isBinary) => {
      if (isBinary) this.#audio = Buffer.concat([this.#audio, data as Buffer]);
      else if (JSON.parse(String(data)).type === "CloseStream") {
        this.wasAskedToClose = true;
        if (this.lastWords) this.send(this.lastWords);
        socket.close(1000);
      }
    });
  }

  get audio(): Buffer {
    return this.#audio;
  }

  heard(bytes: number): Promise<void> {
    return until(() => this.#audio.byteLength >= bytes);
  }

  send(message: object | string): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  turn(event: string, transcript: string, index = 0, start = 0, end = 1): void {
    this.send(turnInfo(event, transcript, index, start, end));
  }

  cut(): void {
    this.#socket.terminate();
  }
}

export function turnInfo(event: string, transcript: string, index = 0, start = 0, end = 1): object {
  return {
    type: "TurnInfo",
    request_id: "r",
    sequence_id: 1,
    event,
    turn_index: index,
    transcript,
    audio_window_start: start,
    audio_window_end: end,
    words: [],
    end_of_turn_confidence: 0.5,
  };
}

/** What a text is to be spoken with, and how that ends. */
export interface SpeechRequest {
  readonly body: Record<string, unknown>;
  readonly response: ServerResponse;
}

/** Speech services behind a real socket and real HTTP: each stream and each request waits for the test. */
export class VoiceServices extends LocalServer {
  /** Streams refused from now on. */
  refuses = false;
  readonly #streams = new Arrivals<ScriptedTranscriber>();
  readonly #requests = new Arrivals<SpeechRequest>();

  constructor(http: Server) {
    super(http);
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    http.on("upgrade", (request, socket, head) => {
      if (this.refuses) return void socket.end("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const { searchParams } = new URL(request.url ?? "/", this.url);
        this.#streams.add(new ScriptedTranscriber(opened, Object.fromEntries(searchParams)));
      });
    });
    http.on("request", (request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => this.#requests.add({ body: JSON.parse(text), response }));
    });
  }

  stream(): Promise<ScriptedTranscriber> {
    return this.#streams.next();
  }

  speech(): Promise<SpeechRequest> {
    return this.#requests.next();
  }
}
