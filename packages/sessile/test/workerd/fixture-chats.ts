import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { convertToModelMessages, streamText, toUIMessageStream } from "ai";
import { SessileError } from "sessile";
import { type AnswerContext, ChatSession } from "sessile/chat";

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
    const { stream } = streamText({
      model: provider("scripted"),
      messages: await convertToModelMessages(messages),
      abortSignal: signal,
      maxRetries: 0,
      onError: () => {},
    });
    return toUIMessageStream({ stream });
  }
}

/** The same, where nothing is shown before D1 has it. */
export class LedgerChats extends Chats {
  override readonly kind = "ledger-chats";
  override readonly durability = "ledger";
}
