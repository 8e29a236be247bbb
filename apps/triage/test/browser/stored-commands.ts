import type { Page } from "playwright-core";

/** How many commands of this browser wait on its disk. */
export function storedCommands(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opened = indexedDB.open("sessile-outbox");
        opened.onerror = reject;
        opened.onsuccess = () => {
          const count = opened.result.transaction("commands").objectStore("commands").count();
          count.onsuccess = () => {
            opened.result.close();
            resolve(count.result);
          };
        };
      }),
  );
}
