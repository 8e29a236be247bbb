/** What the load asks of a session's state; both subjects do it with the same code. */
export type BenchOrder =
  | { readonly do: "fill"; readonly chars: number; readonly messages: number }
  /** Changes one field. */
  | { readonly do: "count" }
  /** Appends to the text of the last message. */
  | { readonly do: "grow"; readonly text: string };

export type BenchBoard = {
  readonly count: number;
  readonly messages: readonly { readonly role: string; readonly text: string }[];
};

/** The state as its users would make it: a copy along the path that changes. */
export function followOrder(board: BenchBoard, order: BenchOrder): BenchBoard {
  switch (order.do) {
    case "fill": {
      const text = "x".repeat(Math.max(0, Math.floor(order.chars / order.messages) - 30));
      return { count: 0, messages: Array.from({ length: order.messages }, () => ({ role: "user", text })) };
    }
    case "count":
      return { ...board, count: board.count + 1 };
    case "grow": {
      const last = board.messages.length - 1;
      return {
        ...board,
        messages: board.messages.map((message, index) =>
          index === last ? { ...message, text: message.text + order.text } : message,
        ),
      };
    }
  }
}
