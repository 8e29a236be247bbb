export type { MessageOf, MessagePayload, Sendable } from "./session-source.ts";
export {
  type UseGates,
  type UseInbox,
  type UseInboxOptions,
  useGates,
  useInbox,
} from "./use-gates.ts";
export { type UseSession, type UseSessionOptions, useSession } from "./use-session.ts";
export { useStream } from "./use-stream.ts";
