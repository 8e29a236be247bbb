import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";

/** Tells of changes in folders, without those below them: that works alike on every system, and leaves node_modules out. */
export class FolderWatch {
  readonly #watchers = new Map<string, { readonly inode: number; readonly watcher: FSWatcher }>();
  readonly #onChange: (path: string) => void;

  constructor(onChange: (path: string) => void) {
    this.#onChange = onChange;
  }

  /** Watches these folders and no others. Those that are not there are left out. */
  cover(folders: Iterable<string>): void {
    const wanted = new Set(folders);
    // A folder that was made anew is another one, whose changes the old watcher does not see.
    for (const [folder, { inode }] of this.#watchers)
      if (!wanted.has(folder) || inodeOf(folder) !== inode) this.#leave(folder);
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#enter(folder);
  }

  close(): void {
    for (const folder of [...this.#watchers.keys()]) this.#leave(folder);
  }

  #enter(folder: string): void {
    const inode = inodeOf(folder);
    if (inode === undefined) return;
    const watcher = watch(folder, (_event, name) => this.#onChange(join(folder, name ?? "")));
    // It is gone; what covers it next looks again.
    watcher.on("error", () => this.#leave(folder));
    this.#watchers.set(folder, { inode, watcher });
  }

  #leave(folder: string): void {
    this.#watchers.get(folder)?.watcher.close();
    this.#watchers.delete(folder);
  }
}

function inodeOf(folder: string): number | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.ino;
}
