import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";
import { EffectServer } from "./effect-server.ts";
import { runObjects } from "./run-objects.ts";
import { type Script, ScriptedModel } from "./scripted-model.ts";

/** Agents, the model behind them and what their tools do outside. */
export class RunScene {
  readonly server: Server;
  readonly model: ScriptedModel;
  readonly effects: EffectServer;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  #names = 0;

  private constructor(
    server: Server,
    model: ScriptedModel,
    effects: EffectServer,
    folder: ReturnType<typeof temporaryFolder>,
  ) {
    this.server = server;
    this.model = model;
    this.effects = effects;
    this.#folder = folder;
  }

  static async start(): Promise<RunScene> {
    const folder = temporaryFolder();
    const model = await ScriptedModel.start();
    const effects = await EffectServer.start();
    const server = await serve({
      worker: { source: await bundle(fileURLToPath(new URL("fixture-run-worker.ts", import.meta.url))) },
      dir: folder.path,
      port: 0,
      compatibilityDate,
      durableObjects: runObjects,
      vars: { MODEL_URL: model.url, EFFECTS_URL: effects.url },
      log: testLog,
    });
    return new RunScene(server, model, effects, folder);
  }

  talk(script: Script, kind?: string): Talk {
    this.#names += 1;
    return new Talk(this, `talk-${this.#names}`, script, kind);
  }

  /** One that is there. */
  existing(name: string, kind?: string): Talk {
    return new Talk(this, name, undefined, kind);
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.model.stop();
    await this.effects.stop();
    this.#folder[Symbol.dispose]();
  }
}

/** A session of its own whose conversation begins with its name, which is how the model knows its script. */
export class Talk {
  readonly name: string;
  /** Who asks; nobody in particular if empty. */
  user = "";
  readonly #scene: RunScene;
  readonly #kind: string;

  constructor(scene: RunScene, name: string, script?: Script, kind = "helpers") {
    this.#scene = scene;
    this.#kind = kind;
    this.name = name;
    if (script) scene.model.scripts.set(name, script);
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes, and a wrong one fails them
  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
    const response = await fetch(`${this.#scene.server.url}/v1/sessions/${this.#kind}/${this.name}${path}`, {
      method,
      headers: this.user === "" ? {} : { "x-user": this.user },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  async start(agent = "worker", more: object = {}): Promise<string> {
    const { status, body } = await this.ask("POST", "/runs", { agent, message: this.name, ...more });
    expect([status, body.status]).toEqual([201, "running"]);
    return body.runId;
  }

  /** Once it has ended, or waits for somebody. */
  async ended(runId: string) {
    return (await this.ask("GET", `/runs/${runId}?wait=20`)).body;
  }

  /** Once it stands so. */
  async until(runId: string, status: string) {
    for (;;) {
      const run = (await this.ask("GET", `/runs/${runId}`)).body;
      if (run.status === status) return run;
      await delay(20);
    }
  }

  /** Its title, once it has one. */
  async title(): Promise<string> {
    for (;;) {
      const { title } = (await this.ask("GET", "")).body.state.agent;
      if (title !== undefined) return title;
      await delay(20);
    }
  }

  /** Its newest run, once that stands so. */
  async untilCurrent(status: string) {
    for (;;) {
      const [run] = (await this.ask("GET", "/runs?limit=1")).body.items;
      if (run?.status === status) return run;
      await delay(20);
    }
  }

  /** Once nothing is at work. */
  async idle(): Promise<void> {
    while (Object.keys((await this.ask("GET", "")).body.work).length > 0) await delay(20);
  }

  async run(agent?: string) {
    return this.ended(await this.start(agent));
  }

  answer(gateId: string, answer: string, more: object = {}) {
    return this.ask("POST", `/gates/${encodeURIComponent(gateId)}`, { answer, ...more });
  }

  async chunks(runId: string) {
    return (await this.ask("GET", `/streams/${runId}`)).body;
  }

  /** What a reader gets that follows a run's stream from an offset to its end, as server-sent events. */
  async follow(runId: string, offset: string): Promise<{ readonly whole: Promise<string> }> {
    const url = `${this.#scene.server.url}/v1/sessions/${this.#kind}/${this.name}/streams/${runId}`;
    const response = await fetch(`${url}?live=sse&offset=${offset}`);
    return { whole: response.text() };
  }

  async events(type: string) {
    const { items } = (await this.ask("GET", "/events?limit=1000")).body;
    return items.filter((event: { type: string }) => event.type === type);
  }

  /** Paths and keys of what its tools did outside. */
  get effects(): readonly string[] {
    return this.#scene.effects.effects(`/${this.name}/`);
  }
}

export const call = (name: string, n: number, id = "call_1") => ({ id, name, args: { n } });
