import { callable, Session } from "sessile";
import { z } from "zod";

export default class Counter extends Session<unknown, { count: number }> {
  readonly kind = "counter";
  readonly initialState = { count: 0 };

  readonly increment = callable(z.tuple([z.int()]), (by) => {
    this.setState({ count: this.state.count + by });
    return this.state.count;
  });
}
