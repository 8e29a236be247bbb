import type { Alert } from "../model/alert.ts";
import { type Conversation, conversationOf } from "../network/direction.ts";
import { addBounded, BoundedMap } from "./bounded-map.ts";

const maxPairs = 5000;
const maxPeers = 1000;
const maxTimes = 1000;

export interface Reach {
  hosts: Set<string>;
  ports: Set<number>;
  sample: Alert | undefined;
}

export interface Flow {
  readonly times: number[];
  bytesOut: number;
  bytesIn: number;
  count: number;
  conversation: Conversation | undefined;
  sample: Alert | undefined;
}

/** What one pass over the evidence keeps of its traffic; every part has a limit. */
export class Traffic {
  /** By client: whom it reached, and on which ports. */
  readonly reach = new BoundedMap<Reach>(maxPairs, () => ({
    hosts: new Set(),
    ports: new Set(),
    sample: undefined,
  }));
  /** By client, server and server port. */
  readonly flows = new BoundedMap<Flow>(maxPairs, () => ({
    times: [],
    bytesOut: 0,
    bytesIn: 0,
    count: 0,
    conversation: undefined,
    sample: undefined,
  }));
  readonly byDirection = { inbound: 0, outbound: 0, internal: 0, unknown: 0 };
  readonly #flowsCounted = new Set<string>();

  add(alert: Alert): void {
    const conversation = conversationOf(alert);
    if (conversation === undefined) return;
    this.byDirection[conversation.direction]++;
    const { client, server, serverPort } = conversation;
    const reach = this.reach.at(client);
    if (reach !== undefined) {
      addBounded(reach.hosts, server, maxPeers);
      if (serverPort !== undefined) addBounded(reach.ports, serverPort, maxPeers);
      reach.sample ??= alert;
    }
    const flow = this.flows.at(`${client} ${server} ${serverPort ?? ""}`);
    if (flow === undefined) return;
    flow.count++;
    flow.conversation ??= conversation;
    if (alert.kind === "alert" || flow.sample === undefined)
      flow.sample = flow.sample?.kind === "alert" ? flow.sample : alert;
    if (flow.times.length < maxTimes) flow.times.push(alert.at);
    this.#addBytes(alert, flow);
  }

  /** Suricata repeats a flow's running totals in each of its alerts: only its own flow record, or the first alert, counts. */
  #addBytes(alert: Alert, flow: Flow): void {
    const id = alert.fields.flow_id;
    if (id === undefined || this.#flowsCounted.has(id) || this.#flowsCounted.size >= 100_000) return;
    this.#flowsCounted.add(id);
    flow.bytesOut += bytes(alert.fields["flow.bytes_toserver"]);
    flow.bytesIn += bytes(alert.fields["flow.bytes_toclient"]);
  }
}

function bytes(text: string | undefined): number {
  const value = Number(text ?? "0");
  return Number.isFinite(value) && value > 0 ? value : 0;
}
