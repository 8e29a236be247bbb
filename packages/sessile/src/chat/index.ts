export type { ActiveAnswer, AnswerOutcome, ChatHistory, ChatRequest, ChatState } from "../protocol/chat.ts";
export {
  type AnswerContext,
  type AnswerStream,
  type CallGate,
  ChatSession,
  type ChatSessionState,
  initialChat,
  type PendingCall,
} from "./chat-session.ts";
export type { MessageCreated } from "./conversation.ts";
