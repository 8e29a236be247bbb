import { join, resolve, sep } from "node:path";
import type { Plugin, ViteDevServer } from "vite";
import { generate, outputFolder, sourceFolder } from "../routes/index.ts";

/** Vite's watcher tells of a file once in 50 ms and drops what comes within: only after that is everything there to be read. */
const settleMs = 60;

export interface SessilePluginOptions {
  /** The folder that `sessions/` lies in. Default: Vite's root. */
  readonly root?: string;
}

/**
 * Brings what follows from `sessions/` up to date before a build, and after each change while Vite serves; `@sessions/…` is
 * where it lies. What is refused fails the build; while serving it is shown, and what was there stays.
 */
export function sessile(options: SessilePluginOptions = {}): Plugin {
  let root = "";
  return {
    name: "sessile",
    config(config, { command }) {
      root = resolve(options.root ?? config.root ?? ".");
      if (command === "build") generate({ root });
      return { resolve: { alias: { "@sessions": join(root, outputFolder) } } };
    },
    configureServer: (server) => keepUpToDate(server, root),
  };
}

function keepUpToDate(server: ViteDevServer, root: string): void {
  const { logger } = server.config;
  let isRefused = false;
  const update = (): void => {
    try {
      for (const path of generate({ root }).changed) logger.info(path, { timestamp: true });
      if (isRefused) server.ws.send({ type: "full-reload" });
      isRefused = false;
    } catch (thrown) {
      isRefused = true;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      logger.error(message, { timestamp: true });
      server.ws.send({ type: "error", err: { message, stack: "", plugin: "sessile" } });
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const updateSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(update, settleMs);
  };
  const folder = join(root, sourceFolder);
  server.watcher.on("all", (_event, path) => {
    if (`${resolve(path)}${sep}`.startsWith(`${folder}${sep}`)) updateSoon();
  });
  // What changes while the watcher looks around for the first time is no event to it.
  server.watcher.on("ready", updateSoon);
  server.watcher.add(folder);
  update();
}
