import { callable, Session } from "sessile";

export default class Counter extends Session<unknown, { count: number }> {
  readonly kind = "counter";
  readonly initialState = { count: 0 };

  readonly increment = callable((by: number) => {
    this.setState({ count: this.state.count + by });
    return this.state.count;
  });
}
