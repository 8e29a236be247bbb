import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";
import { Talker } from "./talker.ts";
import { VoiceServices } from "./voice-services.ts";

let names = 0;

/** A server of kinds that talk, the speech services they use, and whoever takes part; those leave when their test ends. */
export class VoiceScene {
  readonly server: Server;
  readonly services: VoiceServices;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(server: Server, services: VoiceServices, folder: ReturnType<typeof temporaryFolder>) {
    this.server = server;
    this.services = services;
    this.#folder = folder;
  }

  static async start(): Promise<VoiceScene> {
    const services = await VoiceServices.start();
    const folder = temporaryFolder();
    const server = await serve({
      worker: { source: await bundle(fileURLToPath(new URL("fixture-calls.ts", import.meta.url))) },
      dir: folder.path,
      port: 0,
      compatibilityDate,
      durableObjects: {
        CALLS: { className: "Calls" },
        BRIEF: { className: "Brief" },
        ROOMS: { className: "Rooms" },
        TIERED: { className: "Tiered" },
        SILENT: { className: "Silent" },
      },
      d1: ["SESSILE_RECORD"],
      vars: { SERVICES_URL: services.url },
      log: testLog,
    });
    return new VoiceScene(server, services, folder);
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.services.stop();
    this.#folder[Symbol.dispose]();
  }

  /** Where the server keeps its data. */
  get folder(): string {
    return this.#folder.path;
  }

  /** A session nobody has used, as `kind/name`. */
  fresh(kind: string): string {
    names += 1;
    return `${kind}/v-${names}`;
  }

  evict(className: string, session: string): Promise<void> {
    return this.server.evict(className, session.split("/")[1] as string);
  }

  async talker(session: string, user: string | null): Promise<Talker> {
    const talker = await Talker.open(`${this.server.url}/v1/sessions/${session}`, user);
    onTestFinished(async () => void (await talker.close()));
    return talker;
  }

  /** A talker that is in the call. */
  async joined(session: string, user: string): Promise<Talker> {
    const talker = await this.talker(session, user);
    expect((await talker.join()).track).toBeGreaterThan(0);
    return talker;
  }

  async ask(method: string, path: string, body?: unknown) {
    const response = await fetch(`${this.server.url}/v1/sessions/${path}`, {
      method,
      headers: { "x-test-user": "ada", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
    return { status: response.status, body: (await response.json()) as any };
  }

  async call(session: string, method: string, ...args: unknown[]) {
    return (await this.ask("POST", `${session}/call/${method}`, args)).body.result;
  }

  async log(session: string): Promise<SessionEvent[]> {
    return (await this.ask("GET", `${session}/events?limit=1000`)).body.items;
  }
}
