import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { until } from "../../src/node/server/fixtures/processes.ts";

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
export class VoiceServices {
  readonly url: string;
  /** Streams refused from now on. */
  refuses = false;
  opened = 0;
  readonly #server: ReturnType<typeof createServer>;
  readonly #streams: ScriptedTranscriber[] = [];
  readonly #requests: SpeechRequest[] = [];

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    server.on("upgrade", (request, socket, head) => {
      if (this.refuses) return void socket.end("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const { searchParams } = new URL(request.url ?? "/", this.url);
        this.opened += 1;
        this.#streams.push(new ScriptedTranscriber(opened, Object.fromEntries(searchParams)));
      });
    });
    server.on("request", (request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => this.#requests.push({ body: JSON.parse(text), response }));
    });
  }

  static async start(): Promise<VoiceServices> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new VoiceServices(server);
  }

  async stream(): Promise<ScriptedTranscriber> {
    await until(() => this.#streams.length > 0);
    return this.#streams.shift() as ScriptedTranscriber;
  }

  async speech(): Promise<SpeechRequest> {
    await until(() => this.#requests.length > 0);
    return this.#requests.shift() as SpeechRequest;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
