import type { Alert } from "../model/alert.ts";
import { type Conversation, conversationOf } from "../network/direction.ts";
import { addBounded, BoundedMap } from "./bounded-map.ts";

const maxPairs = 5000;
const maxPeers = 1000;
const maxTimes = 1000;
const maxFlowIds = 100_000;

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
  /** By flow id: what is counted of it so far. */
  readonly #counted = new BoundedMap<Pick<Flow, "bytesOut" | "bytesIn">>(maxFlowIds, () => ({
    bytesOut: 0,
    bytesIn: 0,
  }));

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

  /** Suricata repeats a flow's running totals in its alerts and its flow record: the greatest counts, and many records have none. */
  #addBytes(alert: Alert, flow: Flow): void {
    const id = alert.fields.flow_id;
    const bytesOut = bytes(alert.fields["flow.bytes_toserver"]);
    const bytesIn = bytes(alert.fields["flow.bytes_toclient"]);
    if (id === undefined || bytesOut + bytesIn === 0) return;
    const counted = this.#counted.at(id);
    if (counted === undefined) return;
    const moreOut = Math.max(0, bytesOut - counted.bytesOut);
    const moreIn = Math.max(0, bytesIn - counted.bytesIn);
    flow.bytesOut += moreOut;
    flow.bytesIn += moreIn;
    counted.bytesOut += moreOut;
    counted.bytesIn += moreIn;
  }
}

function bytes(text: string | undefined): number {
  const value = Number(text ?? "0");
  return Number.isFinite(value) && value > 0 ? value : 0;
}
