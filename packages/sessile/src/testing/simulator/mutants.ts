import type { Kernel } from "../../kernel/index.ts";
import type { SessionHost } from "../../object/session-host.ts";
import type { SessionRecord } from "../../record/record.ts";

/** A session that is broken on purpose. A simulator that does not notice one would not notice the real thing. */
export interface Mutant {
  readonly name: string;
  /** Replaces a statement of transaction control. */
  readonly sql?: (query: string) => string;
  /** Statements that are left out; a query then finds nothing. */
  readonly skips?: (query: string) => boolean;
  /** A turn that dies half-way leaves what it had written. */
  readonly tearsCommits?: boolean;
  /** Frames leave before the commit is on disk. */
  readonly sendsBeforeCommit?: boolean;
  readonly kernel?: (kernel: Kernel) => void;
  /** What a socket remembers through hibernation. */
  readonly forgetsAttachments?: boolean;
  /** Alarms are not set. */
  readonly deafToAlarms?: boolean;
  /** Every so many live commits are not sent to a peer. */
  readonly losesFrames?: boolean;
  /** Replaces a frame on its way to a client. */
  readonly frame?: (text: string) => string;
  readonly host?: (host: SessionHost) => void;
  /** Replaces a statement on its way to the record. */
  readonly d1Sql?: (query: string) => string;
  readonly record?: (record: SessionRecord) => SessionRecord;
}

const skipping = (name: string, pattern: RegExp): Mutant => ({ name, skips: (query) => pattern.test(query) });

export const mutants: readonly Mutant[] = [
  {
    name: "repeats are not recognised",
    kernel: (kernel) => {
      kernel.log.findBack = () => null;
    },
  },
  skipping("repeats of foreign ids are not recognised", /SELECT seq FROM _sessile_client_event/),
  { name: "acknowledged before the commit", sendsBeforeCommit: true },
  {
    name: "cursor off by one on resume",
    kernel: (kernel) => {
      const read = kernel.log.readAfter.bind(kernel.log);
      kernel.log.readAfter = (after, ...bounds) => {
        const page = read(after, ...bounds);
        if (after === 0 || !page.commits[0]) return page;
        const commits = page.commits.map((stored) => {
          const { firstSeq, ...rest } = JSON.parse(stored.body) as { firstSeq: number };
          return { ...stored, body: JSON.stringify({ firstSeq: firstSeq - 1, ...rest }) };
        });
        return { ...page, commits };
      };
    },
  },
  {
    name: "a failed command's writes stay",
    sql: (query) => query.replace(/ROLLBACK TO (\w+); RELEASE \w+/, "RELEASE $1"),
  },
  { name: "a commit can be torn", tearsCommits: true },
  { name: "a peer's phase is lost in hibernation", forgetsAttachments: true },
  { name: "live commits get lost", losesFrames: true },
  { name: "alarms are not set", deafToAlarms: true },
  skipping("a timer that fired stays", /DELETE FROM _sessile_timer/),
  skipping("a settled gate stays open", /UPDATE _sessile_gate/),
  skipping("finished steps are forgotten", /INSERT INTO _sessile_step/),
  skipping("producers are not checkpointed", /_sessile_producer VALUES/),
  {
    name: "a chunk is shown when it is given, before it is on disk",
    host: ({ kernel, streams }) => {
      const answer = streams.answer.bind(streams);
      streams.answer = (streamId, action) => {
        const at = kernel.committedView.streams?.[streamId]?.tail;
        if (action.do === "append" && at !== undefined)
          streams.sockets.grew({ streamId, at, to: at + action.chunks.length, chunks: action.chunks });
        return answer(streamId, action);
      };
    },
  },
  {
    name: "some segments do not reach the readers who are there",
    host: ({ streams: { sockets } }) => {
      const grew = sockets.grew.bind(sockets);
      sockets.grew = (segment) => {
        if (segment.at % 5 !== 3) grew(segment);
      };
    },
  },
  {
    name: "repeats of a stream's numbered appends are not recognised",
    host: ({ streams }) => {
      const answer = streams.answer.bind(streams);
      streams.answer = (streamId, action) => {
        if (action.do !== "append") return answer(streamId, action);
        const { producer: _producer, ...unnumbered } = action;
        return answer(streamId, unnumbered);
      };
    },
  },
  {
    name: "a change of the state arrives empty, and the patches after it are applied to the wrong state",
    frame: (text) => text.replace(/\[\["=",\["tag"\],"[^"]*"\]\]/, "[]"),
  },
];

/** Broken only where the record decides what shows. */
export const ledgerMutants: readonly Mutant[] = [
  {
    name: "acknowledged before the record has answered",
    record: (record) => ({
      ...record,
      appendEvents: (batch) => {
        record.appendEvents(batch).catch(() => {});
        return Promise.resolve(batch.fromSeq + batch.events.length - 1);
      },
    }),
  },
  {
    name: "what is staged is shown",
    host: ({ kernel, visible }) => {
      Object.defineProperty(visible, "view", { get: () => kernel.committedView });
      visible.readAfter = (...bounds) => kernel.readAfter(...bounds);
    },
  },
  {
    name: "a failure of the record is taken for success",
    record: (record) => ({
      ...record,
      appendEvents: (batch) =>
        record.appendEvents(batch).catch(() => batch.fromSeq + batch.events.length - 1),
    }),
  },
  {
    name: "a repeated batch is ignored instead of compared, and moves the watermark",
    d1Sql: (query) =>
      query
        .replace("INSERT INTO session_events", "INSERT OR IGNORE INTO session_events")
        .replace(
          /EXISTS \(SELECT 1 FROM sessile_sessions\s+WHERE sessionId = \?1 AND recordedSeq = \?2/,
          "EXISTS (SELECT 1 WHERE ?2 >= 0",
        ),
  },
  {
    name: "what was staged is not sent again after a wake",
    host: ({ visible }) => {
      visible.start = () => {};
      visible.rang = () => {};
    },
  },
  {
    name: "chunks are shown before the record has them",
    host: ({ streams, visible }) => {
      const publish = visible.publish.bind(visible);
      visible.publish = (transaction, ...rest) => {
        if (transaction.stored) streams.shown([transaction.stored]);
        return publish(transaction, ...rest);
      };
    },
  },
  {
    name: "a frozen session does not try again",
    host: ({ visible }) => {
      visible.rang = () => {};
    },
  },
];
