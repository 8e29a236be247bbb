/** A stream that relays serve, and which of them one is. It is a relay's name, so that an instance that takes over knows whose it is. */
export interface RelayAddress {
  /** Binding of the object that keeps the stream. */
  readonly binding: string;
  readonly name: string;
  readonly streamId: string;
  readonly jurisdiction: string | null;
  /** The way down the tree, a branch for each level; of the stream's own object empty. */
  readonly path: readonly number[];
}

export function relayName({ binding, name, streamId, jurisdiction, path }: RelayAddress): string {
  return JSON.stringify([binding, name, streamId, jurisdiction, path]);
}

export function relayAddress(relay: string): RelayAddress {
  const [binding, name, streamId, jurisdiction, path] = JSON.parse(relay);
  return { binding, name, streamId, jurisdiction, path };
}
