import type { SharedPolicy } from "../../protocol/gate-policy.ts";
import type { Random } from "./random.ts";
import { actorOf, type SessionObject } from "./session-object.ts";
import type { SimulatedD1 } from "./simulated-d1.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import type { World } from "./world.ts";

type Seqs = ReadonlyMap<SessionObject, number>;

/** A policy in D1, and how far each session's log went when it was made and revoked. */
export interface BookedPolicy {
  readonly policy: Omit<SharedPolicy, "revokedAt" | "revokedBy">;
  madeAt: Seqs | null;
  revokedAt: Seqs | null;
}

/** Whoever manages the policies beyond one session, and what they know of when they did. */
export class PolicyBook {
  readonly #world: World;
  readonly #d1: SimulatedD1;
  readonly #objects: readonly SessionObject[];
  readonly #booked: BookedPolicy[] = [];

  constructor(world: World, d1: SimulatedD1, objects: readonly SessionObject[]) {
    this.#world = world;
    this.#d1 = d1;
    this.#objects = objects;
  }

  get all(): readonly BookedPolicy[] {
    return this.#booked;
  }

  add(random: Random, people: readonly string[]): void {
    const policy: BookedPolicy["policy"] = {
      policyId: `shared-${this.#booked.length}`,
      kind: SimulatedKind.kind,
      scope: random.pick(["user", "kind"]),
      tool: random.pick(["pay", "post"]),
      ...(random.chance(0.5) ? { arguments: { to: "x" } } : {}),
      by: actorOf(random.pick(people)),
      createdAt: this.#world.timeline.now,
      expiresAt: null,
    };
    const booked: BookedPolicy = { policy, madeAt: null, revokedAt: null };
    this.#booked.push(booked);
    this.#world.note(`makes the policy ${JSON.stringify(policy)}`);
    void this.#d1.gatePolicies.add(policy).then(() => {
      booked.madeAt = this.#seqs();
    });
  }

  revoke(random: Random): void {
    const standing = this.#booked.filter(({ revokedAt }) => !revokedAt);
    if (standing.length === 0) return;
    const booked = random.pick(standing);
    const { policyId, by } = booked.policy;
    this.#world.note(`revokes ${policyId}`);
    void this.#d1.gatePolicies.revoke(policyId, by, this.#world.timeline.now).then(() => {
      booked.revokedAt = this.#seqs();
    });
  }

  #seqs(): Seqs {
    return new Map(this.#objects.map((object) => [object, object.durableSeq]));
  }
}
