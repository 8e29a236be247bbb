import { agentNameOf } from "../protocol/agents-frame.ts";
import type { Json } from "../protocol/json.ts";
import { Session } from "./session.ts";

/**
 * What a class that extends `Agent` has by type. The names of everything else a session can do are left to the class's own methods,
 * as an app brings them along: extend `Session` to have it all.
 */
export interface AgentMembers<Env, State extends Json>
  extends Pick<
    Session<Env, State>,
    | "access"
    | "caller"
    | "cancelTimer"
    | "clientWrites"
    | "eventTypes"
    | "kind"
    | "limits"
    | "migrations"
    | "name"
    | "setState"
    | "setTimer"
    | "sql"
    | "state"
  > {
  readonly ctx: DurableObjectState;
  readonly env: Env;
  initialState: State;
  onStart(): void | Promise<void>;
  onRequest(request: Request): Response | Promise<Response>;
  onConnect(...connected: Parameters<Session["onConnect"]>): void;
  onDisconnect(...gone: Parameters<Session["onDisconnect"]>): void;
  onMessage(...sent: Parameters<Session["onMessage"]>): boolean;
  onTimer(name: string, input: Json): void | Promise<void>;
  validateState(next: State, current: State): void;
  authorize(...asked: Parameters<Session["authorize"]>): boolean;
}

const Base = Session as unknown as abstract new <Env, State extends Json>(
  context: DurableObjectState,
  env: Env,
) => AgentMembers<Env, State>;

/**
 * A session class written as the Agents SDK's are: its kind is its name (`ChatAgent` is `chat-agent`), and clients may write the
 * state unless it says otherwise.
 */
export abstract class Agent<Env = unknown, State extends Json = Json> extends Base<Env, State> {
  override readonly kind: string = agentNameOf(this.constructor.name);
  override readonly clientWrites: Session["clientWrites"] = { state: true };
}
