import type { Server, ServerResponse } from "node:http";
import { Arrivals } from "../arrivals.ts";
import { LocalServer } from "../local-server.ts";

/** One call of a model that waits for the test to end it. */
export interface ModelCall {
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: a provider's own request shape
  readonly body: any;
  /** As an OpenAI-compatible endpoint answers. */
  say(text: string, usage?: { readonly input: number; readonly output: number }): void;
  /** As it is. */
  answer(value: unknown): void;
  fail(status?: number): void;
}

/** A scripted model behind real HTTP: each call waits until the test says how it ends. */
export class ModelServer extends LocalServer {
  calls = 0;
  readonly #arrivals = new Arrivals<ModelCall>();

  constructor(http: Server) {
    super(http);
    http.on("request", (request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => this.#arrive(request.url ?? "/", JSON.parse(text), response));
    });
  }

  next(): Promise<ModelCall> {
    return this.#arrivals.next();
  }

  #arrive(path: string, body: unknown, response: ServerResponse): void {
    this.calls += 1;
    const answer = (value: unknown) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(value));
    };
    const call: ModelCall = {
      path,
      body,
      answer,
      say: (content, { input, output } = { input: 100, output: 10 }) =>
        answer({
          id: "c1",
          object: "chat.completion",
          created: 1,
          model: "scripted",
          choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
          usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
        }),
      fail: (status = 500) => void response.writeHead(status).end("{}"),
    };
    this.#arrivals.add(call);
  }
}
