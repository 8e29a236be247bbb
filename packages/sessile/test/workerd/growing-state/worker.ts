import { createSessile } from "sessile/worker";

export { Board, Card } from "./entities.ts";
export { Desk } from "./pointers.ts";
export { Room } from "./window.ts";

export default createSessile({
  kinds: {
    board: { binding: "BOARD" },
    card: { binding: "CARD" },
    desk: { binding: "DESK" },
    room: { binding: "ROOM" },
  },
});
