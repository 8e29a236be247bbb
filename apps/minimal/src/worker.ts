import { callable, Session } from "sessile";
import { createSessile } from "sessile/worker";

export class Counter extends Session<unknown, { count: number }> {
  readonly kind = "counter";
  readonly initialState = { count: 0 };

  readonly increment = callable((by: number) => {
    this.setState({ count: this.state.count + by });
    return this.state.count;
  });
}

export default createSessile({ kinds: { counter: { binding: "COUNTER", route: "counter" } } });
