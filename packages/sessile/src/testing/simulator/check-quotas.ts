import { quotaSubjectOf } from "../../object/meter/quota-policy.ts";
import type { SessionEvent } from "../../protocol/event.ts";
import { sessionIdOf } from "../../record/record.ts";
import type { Promised } from "./ledger.ts";
import { actorOf, type SessionObject } from "./session-object.ts";
import type { SimulatedD1 } from "./simulated-d1.ts";
import { SimulatedKind } from "./simulated-kind.ts";

/** What costs is charged once and to its sender, nobody has more than their day, and whoever is refused for it has used it. */
export function checkQuotas(
  { name, world }: SessionObject,
  d1: SimulatedD1,
  events: readonly SessionEvent[],
  promises: readonly Promised[],
): void {
  const { promptsPerDay } = SimulatedKind.quotaTier;
  const fail = (what: string) => world.fail(`${name}: ${what}`);
  const charges = new Map<unknown, { subject: unknown; times: number }>();
  const used = new Map<string, number>();
  for (const { day, subject, chargeKey, units } of d1.charges) {
    const known = charges.get(chargeKey);
    charges.set(chargeKey, { subject, times: (known?.times ?? 0) + 1 });
    const key = `${day} ${subject}`;
    used.set(key, (used.get(key) ?? 0) + Number(units));
  }
  for (const [key, units] of used)
    if (units > promptsPerDay) fail(`${units} of ${promptsPerDay} were charged to ${key}`);
  const byId = new Map(events.map((event) => [event.clientEventId, event]));
  for (const { id, sender, command, told, copies } of promises) {
    const charge = charges.get(`${sessionIdOf(SimulatedKind.kind, name)}:${id}`);
    const subject = quotaSubjectOf(actorOf(sender), undefined);
    const isPriced = command.op === "append" && command.type === SimulatedKind.pricedType;
    if (charge && (!isPriced || charge.times > 1 || charge.subject !== subject))
      fail(`${id} was charged ${charge.times} times, to ${charge.subject}`);
    if (isPriced && byId.has(id) && !charge) fail(`${id} was not charged and is in the log`);
    if (told.is !== "refused" || told.error.code !== "quota_exceeded") continue;
    if (charge && copies === 1) fail(`${id} was charged and refused for want of quota`);
    if (![...used].some(([key, units]) => key.endsWith(` ${subject}`) && units === promptsPerDay))
      fail(`${id} was refused for want of quota, which ${subject} has not used`);
  }
}
