import { createSessile } from "sessile/worker";
import type { Env } from "./chat.ts";

export { Chat } from "./chat.ts";

/** Everyone who knows a chat's address may read and write it: for a machine of one's own. Elsewhere add `identify` and `authorize`. */
export default createSessile<Env>({
  kinds: { chat: { binding: "CHAT" } },
  chat: { kind: "chat" },
});
