export type { MessageOf, MessagePayload } from "./session-source.ts";
export { type UseSession, type UseSessionOptions, useSession } from "./use-session.ts";
export { useStream } from "./use-stream.ts";
