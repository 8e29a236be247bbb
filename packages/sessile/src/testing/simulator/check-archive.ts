import type { LogFollower } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";

const decoder = new TextDecoder();

/** Texts of a session's commits in order, archived ones first. */
function commitsOnDisk({ database, world }: SessionObject): string[] {
  const partsSql = "SELECT body FROM _sessile_archive_part WHERE to_seq = ? ORDER BY part";
  const packed = ({ to_seq: toSeq, place }: Record<string, unknown>): Uint8Array[] =>
    place === "sql"
      ? database.peek(partsSql, Number(toSeq)).map(({ body }) => body as Uint8Array)
      : [new Uint8Array(world.bucket?.peek(String(place)) ?? [])];
  const textOf = (parts: Uint8Array[]) => parts.map((part) => decoder.decode(part)).join("");
  const ranges = database.peek("SELECT to_seq, place FROM _sessile_archive ORDER BY to_seq");
  const hot = database.peek("SELECT body FROM _sessile_log ORDER BY last_seq");
  return [
    ...ranges.flatMap((range) => textOf(packed(range)).split("\n")),
    ...hot.map(({ body }) => String(body)),
  ];
}

/** What is archived and what is hot are the log as it became durable, and the tombstones chain. */
export function checkArchive(object: SessionObject, log: LogFollower, fail: (what: string) => void): void {
  const { database } = object;
  const commits = commitsOnDisk(object);
  const { texts } = log;
  const at = texts.findIndex((text, index) => text !== commits[index]);
  if (at >= 0 || commits.length !== texts.length)
    fail(
      `commit ${at} was ${texts[at]}; archive and log have ${commits[at]}, and ${commits.length} of ${texts.length}`,
    );
  let end = 0;
  let chain: unknown;
  const query = "SELECT from_seq, to_seq, hash_before, hash FROM _sessile_archive ORDER BY to_seq";
  for (const { from_seq: fromSeq, to_seq: toSeq, hash_before: before, hash } of database.peek(query)) {
    if (fromSeq !== end + 1 || (chain !== undefined && before !== chain))
      fail(`the archived range ${fromSeq}–${toSeq} follows one that ends at ${end}`);
    end = Number(toSeq);
    chain = hash;
  }
  const [snapshot] = database.peek("SELECT coalesce(max(to_seq), 0) AS to_seq FROM _sessile_snapshot");
  if (end > Number(snapshot?.to_seq)) fail(`${end} is archived; sealed is ${snapshot?.to_seq}`);
}
