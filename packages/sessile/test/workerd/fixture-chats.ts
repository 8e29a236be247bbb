import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { convertToModelMessages, jsonSchema, streamText, type ToolSet, tool, toUIMessageStream } from "ai";
import { callable, SessileError } from "sessile";
import { type AnswerContext, type CallGate, ChatSession, type PendingCall } from "sessile/chat";

interface Env {
  readonly MODEL_URL?: string;
}

/** Answers through a real provider package, from a model that the test plays. */
export class Chats extends ChatSession<Env> {
  readonly kind: string = "chats";
  override readonly snapshots = null;

  async answer({ messages, signal }: AnswerContext) {
    const { MODEL_URL } = this.env;
    if (MODEL_URL === undefined) throw new SessileError("unavailable", "There is no model here.");
    const provider = createOpenAICompatible({ name: "scripted", baseURL: `${MODEL_URL}/v1` });
    const tools = this.#tools();
    const { stream } = streamText({
      model: provider("scripted"),
      messages: await convertToModelMessages(messages, { tools }),
      tools,
      toolApproval: { send: "user-approval" },
      abortSignal: signal,
      maxRetries: 0,
      onError: () => {},
    });
    return toUIMessageStream({ stream });
  }

  readonly stopAndFail = callable(() => {
    this.stop();
    throw new SessileError("rejected", "On second thoughts, no.");
  });

  protected override gateOf({ input }: PendingCall): CallGate {
    const { seconds, standing } = input as { readonly seconds?: number; readonly standing?: string };
    return {
      ...(standing === undefined ? {} : { default: standing }),
      isEditable: true,
      ...(seconds === undefined ? {} : { expiresAt: Date.now() + seconds * 1000 }),
    };
  }

  #tools(): ToolSet {
    const inputSchema = jsonSchema<{ readonly to: string }>({ type: "object" });
    return {
      /** Has an effect, which the operator log counts. */
      send: tool({
        inputSchema,
        execute: async ({ to }) => {
          this.log("info", "sent", to);
          if (to === "nobody, for ever") await new Promise(() => {});
          return { sentTo: to };
        },
      }),
      /** Carried out by the client. */
      locate: tool({ inputSchema }),
    };
  }
}

/** The same, where nothing is shown before D1 has it. */
export class LedgerChats extends Chats {
  override readonly kind = "ledger-chats";
  override readonly durability = "ledger";
}
