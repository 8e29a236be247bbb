import type { ArchiveBucket } from "../../object/keeping/archiver.ts";
import { type Asker, Remote } from "./remote.ts";
import type { World } from "./world.ts";

/** Where archived events go. */
export class SimulatedBucket {
  readonly #remote: Remote;
  readonly #objects = new Map<string, ArrayBuffer>();

  constructor(world: World) {
    this.#remote = new Remote(world, "R2");
  }

  setDown(isDown: boolean): void {
    this.#remote.setDown(isDown);
  }

  /** The bucket as one instance sees it. */
  for(asker: Asker): ArchiveBucket {
    return {
      put: (key, body) => this.#remote.ask(asker, async () => void this.#objects.set(key, body)),
      get: (key) =>
        this.#remote.ask(asker, async () => {
          const body = this.#objects.get(key);
          return body ? { arrayBuffer: async () => body } : null;
        }),
    };
  }

  /** What was put, past every fault. */
  peek(key: string): ArrayBuffer | null {
    return this.#objects.get(key) ?? null;
  }
}
