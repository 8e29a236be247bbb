import { Agent, type Connection, type WSMessage } from "agents";
import { type BenchBoard, type BenchOrder, followOrder } from "./bench-order.ts";
import { countRows } from "./count-rows.ts";

interface Message {
  readonly id: string;
  readonly payload?: unknown;
  readonly order?: BenchOrder;
}

interface State extends BenchBoard {
  readonly last: Message | null;
}

/**
 * The peer the way its users write it: one `setState` per message. The state frame that `setState` broadcasts serves as
 * the acknowledgement, which spares it a second frame.
 */
export class BenchAgent extends Agent<Cloudflare.Env, State> {
  override initialState: State = { count: 0, messages: [], last: null };
  readonly #rows: () => number;

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    this.#rows = countRows(context);
  }

  override onMessage(_connection: Connection, message: WSMessage): void {
    if (typeof message !== "string") return;
    const received = JSON.parse(message) as Message;
    const { order } = received;
    if (order) this.setState({ ...followOrder(this.state, order), last: null });
    else this.setState({ ...this.state, count: this.state.count + 1, last: received });
  }

  rowsWritten(): number {
    return this.#rows();
  }
}
