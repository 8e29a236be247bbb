import { AbstractChat, type ChatInit, type ChatState, type UIMessage } from "ai";

/** The AI SDK's own chat, with a state that is no more than it asks for. */
export class TestChat extends AbstractChat<UIMessage> {
  constructor(init: ChatInit<UIMessage>) {
    const state: ChatState<UIMessage> = {
      status: "ready",
      error: undefined,
      messages: init.messages ?? [],
      pushMessage: (message) => void state.messages.push(structuredClone(message)),
      popMessage: () => void state.messages.pop(),
      replaceMessage: (index, message) => {
        state.messages[index] = structuredClone(message);
      },
      snapshot: structuredClone,
    };
    super({ ...init, state });
  }
  get text(): string {
    return textOf(this.lastMessage);
  }
}

export const textOf = (message: UIMessage | undefined) =>
  (message?.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
