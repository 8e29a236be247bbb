import type { Alert } from "../model/alert.ts";
import { conversationOf } from "../network/direction.ts";
import { isGroupIp, isInternalIp, subnetOf } from "../network/ip-address.ts";

export const keyFields = [
  "host",
  "insideHost",
  "attacker",
  "sender",
  "receiver",
  "receiverNetwork",
  "defended",
  "signature",
] as const;
export type KeyField = (typeof keyFields)[number];

const labels: Readonly<Record<KeyField, string>> = {
  host: "host",
  insideHost: "inside host",
  attacker: "attacker",
  sender: "sender",
  receiver: "receiver",
  receiverNetwork: "receiving network",
  defended: "defended address",
  signature: "signature",
};

export function keyFieldLabel(field: KeyField): string {
  return labels[field];
}

/** The value that a correlation rule compares, or undefined where the alert has none. */
export function keyFieldValue(field: KeyField, alert: Alert): string | undefined {
  switch (field) {
    case "host":
      return alert.actors.hosts[0];
    case "signature":
      return alert.signatureId ?? alert.signature;
    case "sender":
      return conversationOf(alert)?.client ?? alert.src?.ip;
    case "receiver":
      return conversationOf(alert)?.server ?? alert.dest?.ip;
    case "defended":
      return defended(alert);
    case "receiverNetwork":
      return networkOf(alert);
    case "insideHost":
      return insideHost(alert);
    case "attacker":
      return attacker(alert);
  }
}

/** The side that is ours; where both or neither are, the one that opened the connection. */
function insideHost(alert: Alert): string | undefined {
  const inside = onlyInside(alert);
  if (inside !== undefined) return inside.inside;
  return conversationOf(alert)?.client ?? alert.src?.ip ?? alert.dest?.ip;
}

/** The side that is not ours; where both or neither are, the sender. */
function attacker(alert: Alert): string | undefined {
  return onlyInside(alert)?.outside ?? alert.src?.ip;
}

/** The side that is ours; where both or neither are, the receiver. */
function defended(alert: Alert): string | undefined {
  return onlyInside(alert)?.inside ?? alert.dest?.ip;
}

function networkOf(alert: Alert): string | undefined {
  const ip = defended(alert);
  return ip === undefined ? undefined : subnetOf(ip);
}

function onlyInside(alert: Alert): { inside: string; outside: string } | undefined {
  const { src, dest } = alert;
  if (src === undefined || dest === undefined || isGroupIp(dest.ip)) return undefined;
  const srcInside = isInternalIp(src.ip);
  if (srcInside === isInternalIp(dest.ip)) return undefined;
  return srcInside ? { inside: src.ip, outside: dest.ip } : { inside: dest.ip, outside: src.ip };
}
