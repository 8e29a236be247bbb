/** A sealed range of the log. It stands for the events `fromSeq` … `toSeq`; what they add up to is the view at `toSeq`. */
export interface Snapshot {
  /** ULID, see `eventIdOf`: sorts as `toSeq` does, and is the same whoever computes it. */
  readonly snapshotId: string;
  /** The snapshot before it, null for the first. */
  readonly baseSnapshotId: string | null;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}
