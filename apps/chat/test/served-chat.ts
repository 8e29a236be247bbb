import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, Transform } from "node:stream";
import { fileURLToPath } from "node:url";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The app as `sessile serve` serves it, in a process group of its own that can be killed, on a folder that stays. */
export class ServedChat {
  readonly #dir = mkdtempSync(join(tmpdir(), "sessile-chat-"));
  readonly #modelUrl: string;
  readonly #host: string;
  #process: ChildProcess | null = null;
  port = 0;

  /** @param host what browsers call it */
  constructor(modelUrl: string, host: string) {
    this.#modelUrl = modelUrl;
    this.#host = host;
  }

  async start(): Promise<void> {
    const args = [
      "serve",
      "--config",
      here("../wrangler.jsonc"),
      "--dir",
      this.#dir,
      "--port",
      String(this.port),
    ];
    const child = spawn(
      process.execPath,
      [
        "--conditions=sessile-source",
        "--disable-warning=ExperimentalWarning",
        here("../../../packages/cli/src/main.ts"),
        ...args,
        "--allow-host",
        this.#host,
        "--var",
        `CHAT_MODEL_URL=${this.#modelUrl}`,
      ],
      { stdio: ["ignore", "pipe", "pipe"], detached: true },
    );
    this.#process = child;
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => {
        said += data;
      });
    const isServing = new Promise<void>((resolve) => {
      child.stdout.on("data", () => {
        const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said) ?? [];
        if (port === undefined) return;
        this.port = Number(port);
        resolve();
      });
    });
    const hasEnded = once(child, "exit").then(() =>
      Promise.reject(new Error(`The server did not start: ${said}`)),
    );
    hasEnded.catch(() => {});
    await Promise.race([isServing, hasEnded]);
  }

  /** As a power cut would: nobody gets to say anything. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined) return;
    this.#process = null;
    const gone = once(child, "exit");
    process.kill(-child.pid, "SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

const pieceBytes = 300;
const pieceMs = 20;

/** The line between a browser and the server. Cut, it breaks what is open and refuses what comes. */
export class Wire {
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #sockets = new Set<Socket>();
  readonly #port: () => number;
  #isCut = false;
  #isSlow = false;

  constructor(port: () => number) {
    this.#port = port;
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** A slow line brings what the server says in small pieces, as a bad connection does. */
  mend({ slow = false } = {}): void {
    this.#isCut = false;
    this.#isSlow = slow;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #inPieces(): Transform {
    const isSlow = () => this.#isSlow;
    return new Transform({
      async transform(data: Buffer, _encoding, done) {
        const size = isSlow() ? pieceBytes : data.length;
        for (let at = 0; at < data.length; at += size) {
          this.push(data.subarray(at, at + size));
          if (isSlow()) await new Promise((resolve) => setTimeout(resolve, pieceMs));
        }
        done();
      },
    });
  }

  #join(near: Socket): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = createConnection(this.#port(), "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      if (one === near) one.pipe(other);
      else pipeline(one, this.#inPieces(), other, () => {});
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

/** Lets a scripted answer go on to its n-th word and no further. */
export class Gate {
  #allowed = 0;
  #waiting: (() => void)[] = [];

  allow(words: number): void {
    this.#allowed = words;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  readonly pace = async (word: number): Promise<void> => {
    while (word >= this.#allowed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  };
}
