import { agentNameOf } from "../protocol/agents-frame.ts";
import type { EventMap } from "../protocol/contract.ts";
import type { Json } from "../protocol/json.ts";
import type { KindDeclaration } from "./kind-definition.ts";
import { Session } from "./session.ts";

/**
 * A session class written as the Agents SDK's are: its kind is its name (`ChatAgent` is `chat-agent`), and clients may write the
 * state unless it says otherwise.
 */
export abstract class Agent<
  Env = unknown,
  State extends Json = Json,
  Events extends EventMap = EventMap,
> extends Session<Env, State, Events> {
  readonly kind: string = agentNameOf(this.constructor.name);
  override readonly clientWrites: KindDeclaration["clientWrites"] = { state: true };
}
