export interface Section {
  readonly title: string;
  readonly text: string;
  /** Measurements whose name is one of these or begins with it. */
  readonly shows: readonly string[];
  readonly charts: readonly Chart[];
}

export type Chart =
  /** One measurement, a bar for each subject. */
  | { readonly bars: string; readonly title: string }
  /** Curves: names that end in a number, which is the place on the x axis. */
  | {
      readonly curves: readonly { readonly label: string; readonly name: string }[];
      readonly file: string;
      readonly title: string;
      readonly x: string;
      readonly y: string;
    };

/** The report from top to bottom, after what was promised. */
export const sections: readonly Section[] = [
  {
    title: "From append to acknowledgement",
    text: "What somebody waits who appends: one event at a time, and with 64 and 512 on their way. Acknowledged is durable: the answer leaves when the disk has it.",
    shows: ["append"],
    charts: [{ bars: "append/64", title: "Durable events a second, 64 in flight" }],
  },
  {
    title: "Time to caught up",
    text: "A client that comes back asks for what it missed. How long that takes follows from how much it missed, and not from how long the session is.",
    shows: ["catchup/10k", "million/resume", "wake"],
    charts: [{ bars: "wake/10k", title: "From eviction to an acknowledged append, ms, 10,000 events" }],
  },
  {
    title: "Bytes for each token and viewer",
    text: "Counted on the viewer's connection, everything included. Tokens of 100 ms share a frame. Over server-sent events the Durable Streams protocol adds a control event to each, which a WebSocket does without.",
    shows: ["tokens/bytes"],
    charts: [
      { bars: "tokens/bytes/events", title: "Bytes a token on a viewer's connection, server-sent events" },
    ],
  },
  {
    title: "Cost of 1,000 sessions",
    text: "US dollars at list prices, beyond what a plan includes: a million rows written $1.00, a million requests of objects $0.15 and of Workers $0.30, a million GB-s $12.50 (https://developers.cloudflare.com/durable-objects/platform/pricing/, read 2026-11). Rows are counted on the running object; a session's object is billed while it answers and sleeps in between; twenty incoming messages of a WebSocket are one request. The model is not in it, nor are a record in D1 and storage: what those cost is in [capacity](scale.md).",
    shows: ["cost"],
    charts: [{ bars: "cost/1000", title: "List price of 1,000 sessions" }],
  },
  {
    title: "Runs of agents",
    text: "What a step costs beside the model: an answer with a call, and the call, with a model that answers at once. The AI SDK's own loop stores nothing; LangGraph saves each of its two nodes in SQLite before it goes on, in Node, streams nothing, and is installed for this figure alone. Processor time of the first and the last hundred steps of a run of a thousand says whether a long run costs more.",
    shows: ["runs"],
    charts: [{ bars: "runs/step", title: "Milliseconds of a step, without the model" }],
  },
  {
    title: "Memory",
    text: "Resident memory of workerd divided by what was added: sessions that sleep without a connection, and sockets that hibernate on one session. Allocators give later figures what earlier ones left, so a difference may be far too small, or negative: it shows that it is not large.",
    shows: ["memory"],
    charts: [],
  },
  {
    title: "Scaling: events of a session",
    text: "One session as it grows. A curve that stays level says that the work does not depend on the log's length.",
    shows: ["million"],
    charts: [
      {
        file: "scale-events",
        title: "The same work as a session grows",
        x: "events in the session",
        y: "wake and resume in ms, append in µs",
        curves: [
          { label: "wake, ms", name: "scale/events/wake" },
          { label: "resume, ms", name: "scale/events/resume" },
          { label: "append, µs", name: "scale/events/append" },
        ],
      },
    ],
  },
  {
    title: "Scaling: sessions of a server",
    text: "A server that keeps so many sessions, of which at most 100 are written to at once. How far the curve goes in a report depends on how fast the disk makes sessions; 100,000 are measured apart (`--only scale/100000`).",
    shows: ["spread", "ledger/200x1"],
    charts: [
      {
        file: "scale-sessions",
        title: "Events a second of a server with so many sessions",
        x: "sessions on the server",
        y: "events a second; p99 in ms",
        curves: [
          { label: "events/s", name: "scale/sessions/rate" },
          { label: "p99, ms", name: "scale/sessions/p99" },
        ],
      },
    ],
  },
  {
    title: "Scaling: viewers of a stream",
    text: "From append to viewer, over WebSockets, of one stream, without relays and with `maxStreamReaders` raised to 10,000. What a session gives at once waits up to 100 ms for company.",
    shows: [],
    charts: [
      {
        file: "scale-viewers",
        title: "From append to viewer",
        x: "viewers of one stream",
        y: "ms",
        curves: [
          { label: "p50", name: "scale/viewers/p50" },
          { label: "p99", name: "scale/viewers/p99" },
        ],
      },
    ],
  },
  {
    title: "Streams beside their peers",
    text: "One stream over HTTP: the product, the reference server of Durable Streams with its file store, the streams of the Agents SDK, and a bare object that writes one row for each request.",
    shows: ["stream"],
    charts: [
      { bars: "stream/append16", title: "Appends a second over HTTP, 16 at once" },
      { bars: "stream/answer", title: "Rows of an answer of 200 chunks" },
    ],
  },
  {
    title: "State",
    text: "Changes of a session's state as its readers get them.",
    shows: ["state"],
    charts: [{ bars: "state/fanout50/100k", title: "Changes a second to 50 readers, state of 100 KB" }],
  },
  {
    title: "Fan-out",
    text: "Events to many readers of one session.",
    shows: ["fanout"],
    charts: [{ bars: "fanout/512", title: "Events a second delivered to 512 readers" }],
  },
  {
    title: "Rows and the record",
    text: "What is billed for each event, and what it costs to answer only what D1 holds (ledger mode), or to have D1 follow behind.",
    shows: ["rows", "ledger/64", "mirror"],
    charts: [{ bars: "rows/append/64", title: "Rows written an event, 64 in flight" }],
  },
];
