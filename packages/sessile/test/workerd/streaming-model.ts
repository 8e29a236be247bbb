import type { Server, ServerResponse } from "node:http";
import { Arrivals } from "../arrivals.ts";
import { LocalServer } from "../local-server.ts";

/** One answer that the test writes word by word. */
export interface StreamingCall {
  /** Roles and texts of the conversation as the provider sent it. */
  readonly asked: readonly { readonly role: string; readonly content: string }[];
  /** Resolves when the caller wants no more of it. */
  readonly left: Promise<void>;
  say(text: string): void;
  /** Calls a tool; comes before the end. */
  call(name: string, args: object, callId: string): void;
  end(): void;
  fail(): void;
}

/** A model behind real HTTP, as an OpenAI-compatible endpoint streams. */
export class StreamingModel extends LocalServer {
  readonly #arrivals = new Arrivals<StreamingCall>();

  constructor(http: Server) {
    super(http);
    http.on("request", (request, response) => {
      let text = "";
      request.on("data", (data) => {
        text += data;
      });
      request.on("end", () => this.#arrive(JSON.parse(text).messages, response));
    });
  }

  next(): Promise<StreamingCall> {
    return this.#arrivals.next();
  }

  #arrive(asked: StreamingCall["asked"], response: ServerResponse): void {
    const begin = () => {
      if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
    };
    const write = (delta: object, finish: string | null) => {
      begin();
      const choices = [{ index: 0, delta, finish_reason: finish }];
      response.write(
        `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "scripted", choices })}\n\n`,
      );
    };
    let calls = 0;
    const call: StreamingCall = {
      asked,
      left: new Promise((resolve) => response.on("close", () => resolve())),
      say: (content) => write({ role: "assistant", content }, null),
      call: (name, args, id) => {
        const tool = {
          index: calls,
          id,
          type: "function",
          function: { name, arguments: JSON.stringify(args) },
        };
        calls += 1;
        write({ role: "assistant", tool_calls: [tool] }, null);
      },
      end: () => {
        write({}, calls > 0 ? "tool_calls" : "stop");
        response.end("data: [DONE]\n\n");
      },
      fail: () => void response.writeHead(500).end("{}"),
    };
    this.#arrivals.add(call);
  }
}
