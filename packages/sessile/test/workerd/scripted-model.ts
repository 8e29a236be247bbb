import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { LocalServer } from "../local-server.ts";

export interface AskedMessage {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly tool_call_id?: string;
}

/** One question to the model, and how the connection it came on stands. */
export interface Asked {
  readonly messages: readonly AskedMessage[];
  /** Names of the tools it was told of. */
  readonly tools: readonly string[];
  /** Answers the model has given in this conversation. */
  readonly turn: number;
  /** Resolves when the caller wants no more. */
  readonly left: Promise<void>;
}

/** What the model does with one question. */
export interface ScriptedAnswer {
  readonly text?: string;
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly args: unknown }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
  /** Refuses instead. */
  readonly refuse?: { readonly status: number; readonly headers?: Record<string, string> };
  /** Runs after the text is out; with `cut` the connection breaks there. */
  readonly meanwhile?: () => void | Promise<void>;
  readonly cut?: boolean;
}

export type Script = (asked: Asked) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** A model behind real HTTP whose answers follow from what it is asked, as an OpenAI-compatible endpoint streams them. */
export class ScriptedModel extends LocalServer {
  /** By the first message of each conversation. */
  readonly scripts = new Map<string, Script>();
  /** Of conversations that begin otherwise. */
  otherwise: Script | null = null;

  constructor(http: Server) {
    super(http);
    http.on("request", (request, response) => void this.#answer(request, response));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new Promise<void>((resolve) => response.on("close", () => resolve()));
    const body = await text(request).catch(() => null);
    // Whoever asked was killed.
    if (body === null) return;
    const { messages, tools = [], stream = false } = JSON.parse(body);
    const first = messages.find(({ role }: AskedMessage) => role === "user")?.content;
    const script = this.scripts.get(first) ?? this.otherwise;
    if (!script) return void response.writeHead(400).end(JSON.stringify({ error: { message: "no script" } }));
    const answer = await script({
      messages,
      tools: tools.map(({ function: { name } }: { function: { name: string } }) => name),
      turn: messages.filter(({ role }: AskedMessage) => role === "assistant").length,
      left,
    });
    const { refuse } = answer;
    if (refuse)
      return void response.writeHead(refuse.status, refuse.headers).end('{"error":{"message":"no"}}');
    if (stream) await this.#stream(answer, response);
    else response.setHeader("content-type", "application/json").end(JSON.stringify(wholeOf(answer)));
  }

  async #stream(answer: ScriptedAnswer, response: ServerResponse): Promise<void> {
    const { text: said = "", calls = [], cut = false } = answer;
    const write = (value: object) =>
      response.write(
        `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "scripted", ...value })}\n\n`,
      );
    const delta = (value: object, finish: string | null = null) =>
      write({ choices: [{ index: 0, delta: value, finish_reason: finish }] });
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (said !== "") delta({ role: "assistant", content: said });
    await answer.meanwhile?.();
    if (cut) return void response.destroy();
    for (const [index, { id, name, args }] of calls.entries()) {
      const called = { name, arguments: JSON.stringify(args) };
      delta({ role: "assistant", tool_calls: [{ index, id, type: "function", function: called }] });
    }
    delta({}, calls.length > 0 ? "tool_calls" : "stop");
    write({ choices: [], usage: usageOf(answer) });
    response.end("data: [DONE]\n\n");
  }
}

/** What is not streamed is text. */
function wholeOf(answer: ScriptedAnswer): object {
  const message = { role: "assistant", content: answer.text ?? "" };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  return {
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "scripted",
    choices,
    usage: usageOf(answer),
  };
}

function usageOf({ usage = { prompt_tokens: 10, completion_tokens: 2 } }: ScriptedAnswer): object {
  return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
}
