import { closeCodes } from "../protocol/close-code.ts";
import { SessileError } from "../protocol/error.ts";
import type { StreamFrame } from "../protocol/stream.ts";
import type { LiveReader, LiveUpdate } from "./stream-port.ts";

type Chunks = Extract<StreamFrame, { readonly t: "chunks" }>;

/**
 * A stream's own socket as a live reader. What arrives while nobody waits is joined, so that a reader who falls behind gets fewer
 * and larger updates; the socket's own bound keeps that from growing.
 *
 * @param socket accepted by nobody yet
 */
export function readSocket(socket: WebSocket, from: number): LiveReader {
  let offset = from;
  let pages: Chunks[] = [];
  let end: Extract<LiveUpdate, { readonly closedAt: number }> | { readonly failure: unknown } | null = null;
  let wake: () => void = () => {};
  const fail = (failure: unknown): void => {
    end ??= { failure };
    wake();
  };
  const pull = (): void => socket.send(JSON.stringify({ t: "pull", offset }));
  const take = (frame: StreamFrame): void => {
    switch (frame.t) {
      case "chunks":
        if (frame.to > offset) pages.push(frame);
        offset = Math.max(offset, frame.to);
        if (frame.more) pull();
        break;
      case "behind":
        pull();
        return;
      case "end":
        end ??= { closedAt: offset, error: null };
        break;
      case "fail":
        end ??= { closedAt: offset, error: frame.error };
        break;
      case "resync":
        fail(new SessileError("conflict", "Chunks of this stream were withdrawn. Read it again."));
        return;
      default:
        return;
    }
    wake();
  };
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string") take(JSON.parse(data) as StreamFrame);
  });
  socket.addEventListener("close", ({ code, reason }) => fail(refusalOf(code, reason)));
  socket.addEventListener("error", () => fail(interrupted()));
  socket.accept();
  return {
    close: () => socket.close(1000),
    async next(): Promise<LiveUpdate> {
      for (;;) {
        if (pages.length > 0) {
          const update = joined(pages);
          pages = [];
          return update;
        }
        if (end && "failure" in end) throw end.failure;
        if (end) return end;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

function joined(pages: readonly Chunks[]): LiveUpdate {
  const last = pages.at(-1);
  return {
    to: last?.to ?? 0,
    chunks: pages.flatMap(({ chunks }) => chunks),
    upToDate: last?.more !== true,
  };
}

function refusalOf(code: number, reason: string): SessileError {
  if (code === closeCodes.gone) return new SessileError("gone", reason);
  if (code === closeCodes.notFound) return new SessileError("not_found", reason);
  return interrupted();
}

function interrupted(): SessileError {
  return new SessileError("unavailable", "The stream was interrupted. Read on from where you are.", {
    retryAfterMs: 1000,
  });
}
