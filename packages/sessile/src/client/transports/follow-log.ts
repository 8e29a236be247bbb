import {
  type Commit,
  type CommitFrame,
  type EventsFrame,
  lastSeqOf,
  type ServerFrame,
  SessileError,
  unreachable,
  type WelcomeFrame,
} from "../../protocol/index.ts";
import {
  type Attached,
  type CatchingUp,
  common,
  type Effect,
  type Open,
  type Progress,
  pageWithinMs,
  type Turn,
} from "../connection-state.ts";

/** Pages in a row that may fail to lead on, each answered by asking again. */
const missesAllowed = 3;

/** What a frame means for the connection: carry on, or drop it and begin again without a past, at once or after a wait. */
export interface Verdict {
  readonly next: "stay" | "startOver" | "backOff";
  readonly state: Open;
}

/** Takes in one frame of the server. Rules CL2–CL7 live here. */
export function onFrame(state: Open, frame: ServerFrame, turn: Turn): Verdict {
  switch (frame.t) {
    case "welcome":
      return state.at === "greeting" ? onWelcome(state, frame, turn) : stay(state);
    case "events":
      return state.at === "greeting" || !state.events ? stay(state) : onPage(state, frame, turn);
    case "commit":
      return state.at === "greeting" ? stay(state) : onCommit(state, frame, turn);
    case "behind":
      return state.at === "greeting" || !state.events
        ? stay(state)
        : stay(pull(knowing(state, frame.lastSeq), turn));
    case "signal":
      turn.effects.push({ do: "signal", from: frame.from, signal: frame.signal });
      return stay(state);
    case "presence":
      turn.effects.push({ do: "presence", presence: { count: frame.count, peers: frame.peers } });
      return stay(state);
    case "draft":
      if (state.at !== "greeting") turn.effects.push({ do: "draft", draft: frame.draft });
      return stay(state);
    case "quota":
      turn.effects.push({ do: "quota", quota: frame.quota });
      return stay(state);
    case "voice":
      if (state.at !== "greeting") turn.effects.push({ do: "voice", frame });
      return stay(state);
    case "error": {
      const error = SessileError.fromWire(frame.error);
      turn.effects.push({ do: "reportError", error });
      return stay({ ...state, lastError: error, retryAfterMs: error.details.retryAfterMs ?? 0 });
    }
    default:
      return unreachable(frame);
  }
}

function stay(state: Open): Verdict {
  return { next: "stay", state };
}

function onWelcome(state: Open, frame: WelcomeFrame, turn: Turn): Verdict {
  const { cursor, createdAt } = state.progress;
  const isResumed = cursor !== null && frame.view === undefined;
  if (isResumed && (frame.lastSeq < cursor || isAnother(createdAt, frame.createdAt)))
    return { next: "startOver", state };
  if (!isResumed && frame.view === undefined && state.events) return { next: "backOff", state };

  const progress: Progress = isResumed
    ? { ...state.progress, knownSeq: frame.lastSeq, createdAt: createdAt || (frame.createdAt ?? 0) }
    : {
        cursor: null,
        historySeq: frame.snapshot?.toSeq ?? Math.max(0, frame.lastSeq - state.history),
        viewSeq: frame.view?.lastSeq ?? frame.lastSeq,
        knownSeq: Math.max(frame.lastSeq, frame.view?.lastSeq ?? 0),
        createdAt: frame.view?.createdAt ?? 0,
      };
  // A view in answer to a resume replaces the past as well: the server no longer holds the events in between.
  if (frame.view !== undefined && state.events)
    turn.effects.push({ do: "reset" }, { do: "adoptView", view: frame.view });
  turn.effects.push({ do: "welcome", peerId: frame.peerId, actor: frame.actor });
  // What changed meanwhile was told to nobody; the welcome says what is pending now.
  turn.effects.push({ do: "draft", draft: frame.draft ?? null }, { do: "attach" });

  const attached = {
    ...common(state),
    progress,
    heartbeat: state.heartbeat,
    welcomedAt: turn.now,
    lastError: null,
    retryAfterMs: 0,
  };
  if (!state.events) return stay({ ...attached, at: "live" });
  return stay({ ...attached, at: "catchingUp", pageDueAt: turn.now + pageWithinMs, awaited: 1, misses: 0 });
}

function isAnother(ours: number, theirs: number | undefined): boolean {
  return ours !== 0 && theirs !== undefined && theirs !== 0 && theirs !== ours;
}

function onPage(state: Attached, frame: EventsFrame, turn: Turn): Verdict {
  const { progress, effects, isGap } = follow(state.progress, frame.commits);
  const hasAdvanced = effects.length > 0;
  const awaited = Math.max(0, awaitedBy(state) - 1);
  const misses = hasAdvanced ? 0 : missesOf(state) + 1;
  const seq = progress.cursor ?? progress.viewSeq;
  const isComplete = !isGap && !frame.more && seq >= progress.knownSeq;
  if (isComplete && awaited === 0) {
    turn.effects.push(...effects);
    const { heartbeat, welcomedAt } = state;
    return stay({
      ...common(state),
      progress: { ...progress, cursor: seq },
      at: "live",
      heartbeat,
      welcomedAt,
    });
  }
  const next = catchUp({ ...state, progress }, turn);
  // A later request is on its way, and this page gives no reason for another one.
  if (awaited > 0 && (isComplete || !hasAdvanced)) {
    turn.effects.push(...effects);
    return stay({ ...next, awaited });
  }
  // The server does not have what it says it has, or not any more: only a fresh view leads on.
  if (misses > missesAllowed) return { next: "backOff", state };
  // The next page is asked for before this one is folded, so that reading and folding overlap.
  sendPull(next, turn);
  turn.effects.push(...effects);
  return stay({ ...next, misses, awaited: awaited + 1 });
}

function awaitedBy(state: Attached): number {
  return state.at === "catchingUp" ? state.awaited : 0;
}

function missesOf(state: Attached): number {
  return state.at === "catchingUp" ? state.misses : 0;
}

function onCommit(state: Attached, frame: CommitFrame, turn: Turn): Verdict {
  let next: Attached = state;
  const commits = frame.commit === undefined ? (frame.commits ?? []) : [frame.commit];
  if (commits.length > 0 && state.events) next = onLiveCommits(state, commits, turn);
  if (frame.acks !== undefined && frame.acks.length > 0)
    turn.effects.push({ do: "settleAcks", acks: frame.acks });
  return stay(next);
}

function onLiveCommits(state: Attached, commits: readonly Commit[], turn: Turn): Attached {
  const informed = knowing(state, lastSeqOf(commits.at(-1) as Commit));
  // Before the first page of history nothing says where the window begins; that page will bring these commits too.
  if (state.progress.cursor === null) return informed;
  const { progress, effects, isGap } = follow(informed.progress, commits);
  turn.effects.push(...effects);
  const next = { ...informed, progress };
  // While a page is awaited it closes the gap, or `knownSeq` shows that it did not.
  return isGap && next.at === "live" ? pull(next, turn) : next;
}

/** Asks for what follows, unless a page that will say so is on its way. */
function pull(state: Attached, turn: Turn): CatchingUp {
  // The deadline of the awaited page stays, or a lost one would never be missed under steady traffic.
  if (state.at === "catchingUp" && state.awaited > 0) return state;
  sendPull(state, turn);
  return { ...catchUp(state, turn), awaited: 1 };
}

function catchUp(state: Attached, turn: Turn): CatchingUp {
  const { heartbeat, welcomedAt } = state;
  const pageDueAt = turn.now + pageWithinMs;
  const [awaited, misses] = [awaitedBy(state), missesOf(state)];
  return { ...common(state), at: "catchingUp", heartbeat, welcomedAt, pageDueAt, awaited, misses };
}

function sendPull(state: Attached, turn: Turn, begin = state.progress.viewSeq): void {
  const after = state.progress.cursor ?? begin;
  turn.effects.push({ do: "sendText", socket: state.socket, text: JSON.stringify({ t: "pull", after }) });
}

/** The page asked for did not come. The first one brings what is from before the view. */
export function pullAgain(state: CatchingUp, turn: Turn): CatchingUp {
  sendPull(state, turn, state.progress.historySeq);
  return { ...catchUp(state, turn), awaited: 1 };
}

function knowing<State extends Attached>(state: State, seq: number): State {
  return { ...state, progress: atLeast(state.progress, seq) };
}

function atLeast(progress: Progress, seq: number): Progress {
  return seq > progress.knownSeq ? { ...progress, knownSeq: seq } : progress;
}

interface Followed {
  readonly progress: Progress;
  readonly effects: readonly Effect[];
  /** A commit began beyond the next seq; it and everything after it was left out. */
  readonly isGap: boolean;
}

/** Takes the commits that lead on from the cursor: repeats fall away, a partly old commit is cut, a gap ends it. */
export function follow(progress: Progress, commits: readonly Commit[]): Followed {
  const effects: Effect[] = [];
  let { cursor } = progress;
  for (const commit of commits) {
    const nextSeq = (cursor ?? progress.viewSeq) + 1;
    if (commit.firstSeq > nextSeq) return { progress: { ...progress, cursor }, effects, isGap: true };
    const lastSeq = lastSeqOf(commit);
    if (cursor !== null && lastSeq <= cursor) continue;
    effects.push({ do: "applyCommit", commit, after: cursor ?? 0 });
    cursor = lastSeq;
  }
  return {
    progress: { ...progress, cursor, knownSeq: Math.max(progress.knownSeq, cursor ?? 0) },
    effects,
    isGap: false,
  };
}
