/**
 * In place of the platform's packing, which takes a thread and therefore the machine's time: here packed bytes are the bytes
 * themselves, and a turn ends when none is under way.
 */
export class Packing {
  #underWay = 0;

  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  /** What goes by `CompressionStream` and `DecompressionStream`. */
  get streams() {
    const begin = () => {
      this.#underWay += 1;
    };
    const end = () => {
      this.#underWay -= 1;
    };
    class Unpacked extends TransformStream<Uint8Array, Uint8Array> {
      constructor() {
        begin();
        super({ flush: end });
      }
    }
    return { CompressionStream: Unpacked, DecompressionStream: Unpacked };
  }
}
