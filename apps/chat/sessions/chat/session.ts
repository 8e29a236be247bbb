import { convertToModelMessages, streamText, toUIMessageStream } from "ai";
import { type AnswerContext, ChatSession } from "sessile/chat";
import { chooseModel, type ModelSettings } from "./model.ts";

export type Env = ModelSettings;

export default class Chat extends ChatSession<Env> {
  readonly kind = "chat";

  async answer({ messages, signal }: AnswerContext) {
    const { stream } = streamText({
      model: chooseModel(this.env),
      messages: await convertToModelMessages(messages),
      abortSignal: signal,
      onError: ({ error }) => this.log("error", "model", "The model failed", { detail: String(error) }),
    });
    return toUIMessageStream({ stream });
  }
}
