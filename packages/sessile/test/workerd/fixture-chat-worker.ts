// A Worker with nothing but a chat.
import { createSessile } from "sessile/worker";

export { Chats } from "./fixture-chats.ts";

export default createSessile({
  kinds: { chats: { binding: "CHATS" } },
  chat: { kind: "chats" },
  authorize: ({ name }) => !name?.startsWith("secret"),
});
