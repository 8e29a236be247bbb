import { join, resolve, sep } from "node:path";
import type { Plugin, ViteDevServer } from "vite";
import { generate, outputFolder, settleMs, sourceFolder } from "../routes/index.ts";

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
  update();
  const folder = join(root, sourceFolder);
  let timer: NodeJS.Timeout | undefined;
  server.watcher.add(folder);
  server.watcher.on("all", (_event, path) => {
    if (!`${resolve(path)}${sep}`.startsWith(`${folder}${sep}`)) return;
    clearTimeout(timer);
    timer = setTimeout(update, settleMs);
  });
}
