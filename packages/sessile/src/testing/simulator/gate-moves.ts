import type { Command } from "../../protocol/command.ts";
import type { Gate } from "../../protocol/gate.ts";
import type { SessionView } from "../../protocol/view.ts";
import type { PolicyBook } from "./policy-book.ts";
import type { Random } from "./random.ts";
import type { RequestSender } from "./request-sender.ts";
import type { CallInput, Proposal } from "./simulated-calls.ts";
import type { SimulatedClient } from "./simulated-client.ts";

type Sender = SimulatedClient | RequestSender;

const tools = ["pay", "post"];
/** Keys in their order, so that their JSON is canonical. */
const inputOf = (random: Random): CallInput => ({
  amount: random.between(1, 2),
  to: random.pick(["x", "y"]),
});
const wrongHash = "0".repeat(64);

/** What is done about calls that people are asked about: proposed, answered, changed, allowed for good, carried out. */
export class GateMoves {
  readonly #random: Random;
  readonly #people: readonly string[];
  readonly #policies: PolicyBook | null;
  /** What was proposed last under each id. */
  readonly #proposed = new Map<string, Proposal>();

  #calls = 0;

  constructor(random: Random, people: readonly string[], policies: PolicyBook | null) {
    this.#random = random;
    this.#people = people;
    this.#policies = policies;
  }

  act(sender: Sender, view: SessionView | null): void {
    const random = this.#random;
    const { name } = sender.object;
    const gates = Object.values(view?.gates ?? {}).filter(({ call }) => call);
    const policyIds = Object.keys(view?.policies ?? {});
    const isRequest = !("snapshot" in sender);
    random.weighted<() => void>([
      [3, () => sender.send(this.#proposal(this.#gateId(name)))],
      [4, () => sender.send(this.#answer(gates.length > 0 ? random.pick(gates) : this.#gateId(name)))],
      [3, () => sender.send(this.#carryOut(this.#gateId(name)))],
      [5, () => this.#settle(sender)],
      // The client has no method for these.
      [isRequest ? 4 : 0, () => sender.send(this.#policy())],
      [isRequest ? 2 : 0, () => sender.send(this.#revocation(policyIds))],
      [this.#policies ? 3 : 0, () => this.#policies?.add(random, this.#people)],
      [this.#policies ? 3 : 0, () => this.#revoke(sender)],
    ])();
  }

  /** One call from its proposal to its being made, with what may come too early or twice. */
  #settle(sender: Sender): void {
    const { timeline } = sender.object.world;
    const gateId = `call-${sender.object.name}-${this.#calls++}`;
    const later = (label: string, command: () => Command) =>
      timeline.plan(this.#random.between(0, 1500), `${sender.name} ${label}`, () => sender.send(command()));
    sender.send(this.#proposal(gateId));
    later("decides", () => this.#answer(gateId));
    for (const label of ["calls", "calls again"]) later(label, () => this.#carryOut(gateId));
  }

  /** Calls that were allowed until now are proposed. */
  #revoke(sender: Sender): void {
    this.#policies?.revoke(this.#random);
    for (let calls = 0; calls < 3; calls++)
      sender.send(this.#proposal(`call-${sender.object.name}-${this.#calls++}`));
  }

  #proposal(gateId: string): Command {
    const random = this.#random;
    const proposal: Proposal = {
      gateId,
      name: random.pick(tools),
      input: inputOf(random),
      eligible: random.chance(0.3) ? [random.pick(this.#people), random.pick(this.#people)] : null,
      escalation: random.chance(0.3)
        ? { inMs: random.pick([20, 2000, 30_000]), to: [random.pick(this.#people)] }
        : null,
      expiresInMs: random.pick([null, 0, 2000, 30_000]),
      isEditable: random.chance(0.5),
      hasDefault: random.chance(0.5),
    };
    this.#proposed.set(proposal.gateId, proposal);
    return { op: "call", method: "propose", args: [proposal] };
  }

  #answer(known: Gate | string): Command {
    const random = this.#random;
    const [gateId, shown] = typeof known === "string" ? [known] : [known.gateId, known.call?.argumentsHash];
    const isChanged = random.chance(0.3);
    return {
      op: "answerGate",
      gateId,
      answer: random.weighted([
        [8, "approve"],
        [2, "reject"],
        [0.3, "maybe"],
      ]),
      ...(shown && random.chance(0.7) ? { argumentsHash: random.chance(0.9) ? shown : wrongHash } : {}),
      ...(isChanged ? { arguments: { amount: 9, to: "x" } } : {}),
      ...(!isChanged && random.chance(0.3) ? { remember: { match: random.pick(["tool", "call"]) } } : {}),
    };
  }

  #carryOut(gateId: string): Command {
    const random = this.#random;
    const proposed = random.chance(0.8) ? this.#proposed.get(gateId) : undefined;
    const { name, input } = proposed ?? { name: random.pick(tools), input: inputOf(random) };
    return { op: "call", method: "carryOut", args: [gateId, name, input] };
  }

  #policy(): Command {
    const random = this.#random;
    return {
      op: "addPolicy",
      tool: random.pick([...tools, "p*"]),
      ...(random.chance(0.5) ? { arguments: { to: "x" } } : {}),
      expiresAt: null,
    };
  }

  #revocation(policyIds: readonly string[]): Command {
    const policyId = policyIds.length > 0 ? this.#random.pick(policyIds) : "p1";
    return { op: "revokePolicy", policyId };
  }

  #gateId(session: string): string {
    return `call-${this.#random.between(0, 7)}-${session}`;
  }
}
