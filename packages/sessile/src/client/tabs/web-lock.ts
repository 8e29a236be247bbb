/** Waits for a lock of the origin and keeps it. @returns what lets go of it */
export function holdLock(name: string): Promise<() => void> {
  return new Promise((granted, failed) => {
    const held = navigator.locks.request(
      name,
      () => new Promise<void>((release) => granted(() => release())),
    );
    held.catch(failed);
  });
}
