import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { EffectServer } from "./effect-server.ts";
import type { Script, ScriptedModel } from "./scripted-model.ts";

/** Where runs are carried out: the same addresses below either. */
export const places = ["object", "workflow"] as const;
export type Place = (typeof places)[number];

export interface AgentScene {
  readonly url: string;
  readonly model: ScriptedModel;
  readonly effects: EffectServer;
}

let names = 0;

/** A session of its own whose conversation begins with its name, which is how the model knows its script. */
export class AgentTalk {
  readonly name: string;
  readonly #scene: AgentScene;
  readonly #place: string;

  constructor(scene: AgentScene, place: string, script: Script, name = `${place}-${++names}`) {
    this.name = name;
    this.#scene = scene;
    this.#place = place;
    scene.model.scripts.set(this.name, script);
  }

  at(path: string): string {
    return `${this.#scene.url}/${this.#place}${path}`;
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes, and a wrong one fails them
  ): Promise<{ status: number; body: any }> {
    const response = await fetch(this.at(path), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  execute(more: object = {}) {
    const body = { agentType: "worker", message: this.name, sessionId: this.name, ...more };
    return this.ask("POST", "/execute", body);
  }

  async start(more: object = {}): Promise<string> {
    const { status, body } = await this.execute(more);
    expect([status, body.sessionId]).toEqual([201, this.name]);
    return body.runId;
  }

  tell(what: "interrupt" | "abort" | "resume", body: object = {}) {
    return this.ask("POST", `/chat/${this.name}/${what}`, body);
  }

  answer(callId: string, answer: object, headers: Record<string, string> = {}) {
    return this.ask("POST", `/chat/${this.name}/answer`, { callId, ...answer }, headers);
  }

  result(wait = 20) {
    return this.ask("GET", `/result/${this.name}?wait=${wait}`);
  }

  /** Once it stands so. */
  async until(status: string) {
    for (;;) {
      const { body } = await this.result();
      if (body.status === status) return body;
      await delay(20);
    }
  }

  async run(more: object = {}) {
    await this.start(more);
    return (await this.result()).body;
  }

  /** Ids and parsed data of the events there are, `resync` and `[DONE]` as such. */
  async events(
    headers: Record<string, string> = {},
  ): Promise<{ status: number; events: readonly StreamEvent[] }> {
    const response = await fetch(this.at(`/stream/${this.name}`), { headers });
    const text = await response.text();
    const events = text
      .split("\n\n")
      .filter((block) => block.includes("data:"))
      .map((block) => {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        const data = field("data") ?? "";
        return { id: field("id"), data: data === "[DONE]" ? { type: "DONE" } : JSON.parse(data) };
      });
    return { status: response.status, events };
  }

  /** Asks the D1 store about the session. */
  async stored(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const address = `${this.#scene.url}/store/${this.name}/${method}`;
    return (await fetch(address, { method: "POST", body: JSON.stringify(args) })).json();
  }

  effects(): readonly string[] {
    return this.#scene.effects.effects(`/${this.name}/`);
  }
}

export interface StreamEvent {
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a chunk as the AI SDK has it
  readonly data: any;
}
