import { fileURLToPath } from "node:url";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";

let names = 0;

/** A running server with the agents' Worker and its own data folder. */
export class AgentsServer {
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #source: string;
  #server: Server;

  private constructor(folder: ReturnType<typeof temporaryFolder>, source: string, server: Server) {
    this.#folder = folder;
    this.#source = source;
    this.#server = server;
  }

  static async start(): Promise<AgentsServer> {
    const source = await bundle(fileURLToPath(new URL("agents-worker.ts", import.meta.url)));
    const folder = temporaryFolder();
    return new AgentsServer(folder, source, await serveAgents(source, folder.path, 0));
  }

  get url(): string {
    return this.#server.url;
  }

  get host(): string {
    return new URL(this.url).host;
  }

  /** A name nobody has used. */
  name(): string {
    names += 1;
    return `s-${names}`;
  }

  evict(className: string, name: string): Promise<void> {
    return this.#server.evict(className, name);
  }

  down(): Promise<void> {
    return this.#server.close();
  }

  /** Serves again, at the same address. */
  async up(): Promise<void> {
    this.#server = await serveAgents(this.#source, this.#folder.path, this.#server.port);
  }

  async restart(whileDown: () => void | Promise<void> = () => {}): Promise<void> {
    await this.down();
    await whileDown();
    await this.up();
  }

  async stop(): Promise<void> {
    await this.#server.close();
    this.#folder[Symbol.dispose]();
  }
}

function serveAgents(source: string, dir: string, port: number): Promise<Server> {
  return serve({
    worker: { source },
    dir,
    port,
    compatibilityDate,
    durableObjects: {
      TEST_STATE_AGENT: { className: "TestStateAgent" },
      TEST_CALLABLE_AGENT: { className: "TestCallables" },
      TEST_SCHEDULE_AGENT: { className: "TestScheduleAgent" },
      CHAT_AGENT: { className: "ChatAgent" },
    },
    log: testLog,
  });
}
