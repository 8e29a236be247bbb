export type { CallGate, PendingCall } from "../object/gates/call-gate.ts";
export type { ActiveAnswer, AnswerOutcome, ChatHistory, ChatRequest, ChatState } from "../protocol/chat.ts";
export {
  type AnswerContext,
  type AnswerStream,
  ChatSession,
  type ChatSessionState,
  initialChat,
} from "./chat-session.ts";
export type { MessageCreated } from "./conversation.ts";
