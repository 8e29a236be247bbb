import { callable, Session } from "sessile";

type BoardState = { readonly cards: readonly { readonly id: string; readonly title: string }[] };
type CardState = { readonly text: string; readonly done: boolean };

/** Holds what a list of its cards shows. */
export class Board extends Session<unknown, BoardState> {
  readonly kind = "board";
  readonly initialState: BoardState = { cards: [] };

  readonly add = callable((id: string, title: string) => {
    this.setState({ cards: [...this.state.cards, { id, title }] });
  });
}

/** A session of its own for each card, named `{board}.{card}`; it is made by its first use. */
export class Card extends Session<unknown, CardState> {
  readonly kind = "card";
  readonly initialState: CardState = { text: "", done: false };
  override readonly clientWrites = { state: true, status: false, events: [] };
}
