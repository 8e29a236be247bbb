import { callable, Session } from "sessile";

type State = { readonly title: string };
type Events = { readonly message: { readonly text: string } };

/** A conversation: whoever has it open sees the same messages in the same order. */
export default class Chat extends Session<unknown, State, Events> {
  readonly kind = "chat";
  readonly initialState: State = { title: "Untitled" };

  readonly rename = callable((title: string) => {
    this.setState({ title });
  });
}
