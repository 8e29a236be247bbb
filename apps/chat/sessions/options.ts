import type { SessileOptions } from "sessile/worker";
import type { Env } from "./chat/session.ts";

/** Everyone who knows a chat's address may read and write it: for a machine of one's own. Elsewhere add `identify` and `authorize`. */
const options: Omit<SessileOptions<Env>, "kinds"> = { chat: { kind: "chat" } };

export default options;
