export type Container = "object" | "array";

/** The open objects and arrays of one record, with a bound: beyond it only a count is kept. */
export class JsonNesting {
  readonly maxDepth: number;
  readonly #open: Container[] = [];
  #beyond = 0;
  #tooDeep = false;

  constructor(maxDepth: number) {
    this.maxDepth = maxDepth;
  }

  get depth(): number {
    return this.#open.length + this.#beyond;
  }

  get tooDeep(): boolean {
    return this.#tooDeep;
  }

  get innermost(): Container | undefined {
    return this.#open.at(-1);
  }

  get outermost(): Container | undefined {
    return this.#open[0];
  }

  has(container: Container): boolean {
    return this.#beyond > 0 || this.#open.includes(container);
  }

  clear(): void {
    this.#open.length = 0;
    this.#beyond = 0;
    this.#tooDeep = false;
  }

  open(container: Container): void {
    if (this.#open.length < this.maxDepth) this.#open.push(container);
    else {
      this.#beyond++;
      this.#tooDeep = true;
    }
  }

  /** Closes the innermost container of this kind and all inside it; false where that was not simply the innermost one. */
  close(container: Container): boolean {
    if (this.#beyond > 0) {
      this.#beyond--;
      return true;
    }
    if (this.#open.at(-1) === container) {
      this.#open.pop();
      return true;
    }
    const at = this.#open.lastIndexOf(container);
    if (at >= 0) this.#open.length = at;
    return false;
  }
}
