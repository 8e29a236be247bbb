/** Callbacks of the application. One that throws neither stops the others nor disturbs the connection. */
export class Listeners<Value> {
  readonly #listeners = new Set<{ readonly call: (value: Value) => void }>();

  /** Returns a function that removes it. The same function added twice is called twice. */
  add(call: (value: Value) => void): () => void {
    const entry = { call };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  emit(value: Value): void {
    for (const { call } of [...this.#listeners]) {
      try {
        call(value);
      } catch (error) {
        // Thrown again where it reaches the platform's handler of uncaught errors.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
