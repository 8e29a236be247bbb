import { appendFigure } from "./append.ts";
import type { Figure } from "./figure.ts";
import { spreadOver } from "./spread.ts";

/** What it costs to answer only what D1 holds, and what a D1 that is down costs those who do not wait for it. */
export const ledgerFigures: readonly Figure[] = [
  appendFigure({
    name: "ledger/64",
    about: "events a second on one session that D1 holds before they are answered, 64 in flight, one a frame",
    inFlight: 64,
    perFrame: 1,
    subjects: ["ledger", "d1-each"],
  }),
  spreadOver(200, ["ledger", "d1-each"], "ledger"),
  appendFigure({
    name: "mirror/64",
    about:
      "durable events a second on one session with D1 following behind, and with every query of it failing",
    inFlight: 64,
    perFrame: 1,
    subjects: ["mirror", "mirror-down"],
  }),
];
