import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ScriptedModelOptions {
  /** Awaited before each word, so that an answer takes its time. */
  readonly pace?: (word: number) => Promise<void>;
  readonly reply?: (question: string) => string;
}

const wordMs = 45;

/** A model that needs no key and no network: the OpenAI-compatible endpoint `/v1/chat/completions`, streaming a script. */
export class ScriptedModel {
  readonly #server = createServer();
  readonly #options: Required<ScriptedModelOptions>;

  private constructor({ pace = untilNextWord, reply = scriptedReply }: ScriptedModelOptions) {
    this.#options = { pace, reply };
    this.#server.on("request", async (request, response) => {
      let body = "";
      for await (const data of request) body += data;
      await this.#answer(body, response).catch(() => response.destroy());
    });
  }

  static async start(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
    const model = new ScriptedModel(options);
    model.#server.listen(0, "127.0.0.1");
    await once(model.#server, "listening");
    return model;
  }

  /** What `CHAT_MODEL_URL` is to be. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(body: string, response: ServerResponse): Promise<void> {
    const { messages } = JSON.parse(body) as {
      readonly messages: readonly { role: string; content: unknown }[];
    };
    const words = this.#options.reply(textOf(messages.at(-1)?.content)).match(/\s*\S+/g) ?? [];
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const [index, word] of words.entries()) {
      await this.#options.pace(index);
      if (response.destroyed) return;
      response.write(chunkOf({ role: "assistant", content: word }, null));
    }
    response.end(`${chunkOf({}, "stop")}data: [DONE]\n\n`);
  }
}

function chunkOf(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  const chunk = { id: "scripted", object: "chat.completion.chunk", created: 0, model: "scripted", choices };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { readonly text?: unknown }) => String(part.text ?? "")).join(" ");
}

function untilNextWord(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, wordMs));
}

function scriptedReply(question: string): string {
  const asked = question.trim().slice(0, 200);
  return [
    `You said: “${asked}”. I am a script, so what follows is the same for everyone.`,
    "Every word you see was written to disk before it reached your screen. Reload this page now, in the middle of the sentence: what you have read comes back, and the rest follows. Open the address in a second tab, and both tabs read along. Turn off the network for a moment, and the answer goes on without you.",
    "Press Stop, and what there is of the answer stays. Kill the server, and when it is back this answer says that it was interrupted and can be asked for again.",
    "To talk to a real model, set CHAT_MODEL_URL and CHAT_MODEL and start me anew.",
  ].join("\n\n");
}
