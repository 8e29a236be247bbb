// A Worker with nothing but chats.
import { createSessile } from "sessile/worker";

export { Chats, LedgerChats } from "./fixture-chats.ts";

const kinds = { chats: { binding: "CHATS" }, "ledger-chats": { binding: "LEDGER_CHATS" } };
const app = createSessile({
  kinds,
  chat: { kind: "chats" },
  identify: (request) => {
    const id = request.headers.get("x-test-user");
    return id === null ? null : { id };
  },
  authorize: ({ actor, action, name }) =>
    !name?.startsWith("secret") && !(actor?.id === "writer" && action === "approve"),
});
app.route("/", createSessile({ kinds, chat: { kind: "ledger-chats", path: "/ledger/chat" } }));

export default app;
