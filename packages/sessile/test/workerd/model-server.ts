import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

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
export class ModelServer {
  readonly url: string;
  calls = 0;
  readonly #server: ReturnType<typeof createServer>;
  readonly #arrived: ModelCall[] = [];
  readonly #waiting: ((call: ModelCall) => void)[] = [];

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => this.#arrive(request.url ?? "/", JSON.parse(text), response));
    });
  }

  static async start(): Promise<ModelServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ModelServer(server);
  }

  next(): Promise<ModelCall> {
    const call = this.#arrived.shift();
    return call ? Promise.resolve(call) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
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
    const waiter = this.#waiting.shift();
    if (waiter) waiter(call);
    else this.#arrived.push(call);
  }
}
