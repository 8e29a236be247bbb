/** Everything that is measured side by side. */
export const subjectNames = ["sessile", "agents", "floor-grouped", "floor-bare"] as const;
export type SubjectName = (typeof subjectNames)[number];

export interface Subject {
  readonly name: SubjectName;
  /** Class of its objects in the bench Worker, for eviction and for counting rows. */
  readonly className: string;
  /** Path of the socket of one session; `/{path}/{name}`. */
  readonly path: string;
  readonly subprotocol?: string;
  /** `commands`: frames of the product's wire. `messages`: one bare JSON message per event. */
  readonly wire: "commands" | "messages";
  /** Whether the server speaks first, and the load must wait for it. */
  readonly greets: boolean;
}

export const subjects: { readonly [Name in SubjectName]: Subject } = {
  sessile: {
    name: "sessile",
    className: "BenchSession",
    path: "/bench",
    subprotocol: "sessile.v1",
    wire: "commands",
    greets: true,
  },
  agents: {
    name: "agents",
    className: "BenchAgent",
    path: "/agents/bench-agent",
    wire: "messages",
    greets: true,
  },
  "floor-grouped": {
    name: "floor-grouped",
    className: "FloorGrouped",
    path: "/floor/FloorGrouped",
    wire: "commands",
    greets: false,
  },
  "floor-bare": {
    name: "floor-bare",
    className: "FloorBare",
    path: "/floor/FloorBare",
    wire: "commands",
    greets: false,
  },
};
