import type { Command } from "../../protocol/command.ts";
import type { Gate } from "../../protocol/gate.ts";
import type { SessionView } from "../../protocol/view.ts";
import type { Random } from "./random.ts";
import type { RequestSender } from "./request-sender.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedState } from "./simulated-kind.ts";
import type { SimulatedReader } from "./simulated-reader.ts";

/** What people do with agents: ask them, stop them, have them go on, and answer what they ask. */
export class RunMoves {
  readonly #random: Random;
  readonly #readers: readonly SimulatedReader[];
  #runs = 0;
  #words = 0;

  constructor(random: Random, readers: readonly SimulatedReader[]) {
    this.#random = random;
    this.#readers = readers;
  }

  act(sender: SimulatedClient | RequestSender, view: SessionView | null): void {
    const random = this.#random;
    const { active = null } = (view?.state as SimulatedState | undefined)?.agent ?? {};
    const asked = Object.values(view?.gates ?? {}).filter(({ gateId }) => gateId.startsWith("run"));
    random.weighted<() => void>([
      [active ? 1 : 6, () => sender.send(call("startRun", this.#request()))],
      [active ? 1 : 3, () => sender.send(call("resumeRun", this.#resumption()))],
      [active ? 3 : 0.3, () => sender.send(call("stopRun", this.#stop(active?.runId ?? null)))],
      [asked.length > 0 ? 8 : 0, () => sender.send(this.#answer(random.pick(asked)))],
      [2, () => random.pick(this.#readers).read(active?.runId ?? `run${random.between(0, this.#runs)}`)],
    ])();
  }

  /** Now and then one that was made before. */
  #request() {
    const random = this.#random;
    const runId = random.chance(0.1) && this.#runs > 0 ? `run${random.between(0, this.#runs - 1)}` : null;
    return {
      agent: random.pick(["patient", "patient", "hasty"]),
      message: this.#message(),
      runId: runId ?? `run${this.#runs++}`,
    };
  }

  #resumption() {
    const runId = `run${this.#runs++}`;
    return this.#random.chance(0.5) ? { runId } : { runId, message: this.#message() };
  }

  /** Each in one of the ways that its kind takes. */
  #answer({
    gateId,
    kind = "approval",
    questions = [],
    options: [allowing = "", refusing = ""],
  }: Gate): Command {
    const random = this.#random;
    const answer = random.chance(0.7) ? allowing : refusing;
    const about = { op: "answerGate", gateId, answer } as const;
    if (answer === refusing) return { ...about, comment: "Not this." };
    if (kind === "tool") return { ...about, result: "Somewhere" };
    if (kind === "question")
      return { ...about, result: Object.fromEntries(questions.map(({ question }) => [question, "Yes."])) };
    return random.chance(0.3) ? { ...about, arguments: { of: "somebody else" } } : about;
  }

  #message(): string {
    return `Word ${this.#words++}`;
  }

  #stop(runId: string | null) {
    const random = this.#random;
    return {
      how: random.pick(["interrupt", "interrupt", "abort"]),
      ...(runId !== null && random.chance(0.5) ? { runId } : {}),
      ...(random.chance(0.15) ? { force: true } : {}),
    };
  }
}

function call(method: string, request: { readonly [name: string]: string | boolean }): Command {
  return { op: "call", method, args: [request] };
}
