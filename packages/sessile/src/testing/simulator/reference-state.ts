import type { Json } from "../../protocol/json.ts";

type Path = readonly (string | number)[];
type Op =
  | readonly ["=", Path, Json]
  | readonly ["-", Path]
  | readonly ["~", Path, from: number, gone: number, come: readonly Json[]]
  | readonly ["+", Path, length: number, text: string];
// biome-ignore lint/suspicious/noExplicitAny: this is what JSON is to whoever knows nothing of it
type Node = any;

/** The state as PROTOCOL.md says that changes add up to it, by the shortest code there is and none of the session's. */
export class ReferenceState {
  #state: Json = null;
  #version = 0;

  get state(): Json {
    return this.#state;
  }

  /** Whether what it took last says nothing about the state. */
  isUnchanged = true;

  take(type: string, payload: Json, seq: number): void {
    this.isUnchanged = type !== "session.created" && type !== "state.changed";
    if (this.isUnchanged) return;
    const change = payload as unknown as { state: Json } | { base: number; patch: readonly Op[] };
    if ("state" in change) this.#state = change.state;
    else if (change.base === this.#version) this.#state = change.patch.reduce(applied, this.#state);
    else throw new Error(`A patch for version ${change.base} follows version ${this.#version}.`);
    this.#version = seq;
  }
}

function applied(state: Json, op: Op): Json {
  const root: Node = structuredClone({ state });
  const path: Path = ["state", ...op[1]];
  const parent = path.slice(0, -1).reduce((node: Node, key) => node[key], root);
  const key = path.at(-1) as string | number;
  if (op[0] === "=") parent[key] = op[2];
  else if (op[0] === "-") delete parent[key];
  else if (op[0] === "~") parent[key].splice(op[2], op[3], ...op[4]);
  else if (parent[key].length === op[2]) parent[key] += op[3];
  else throw new Error(`A text of ${parent[key].length} characters was to have ${op[2]}.`);
  return root.state;
}
