import { portInUse } from "./address.ts";
import { ServeError, systemCode } from "./serve-error.ts";

/** What Miniflare rejected a start with, as an error a person can act on. */
export function startupFailure(error: unknown, port: number, workerName: string): ServeError {
  const code = systemCode(error);
  if (code === "ERR_ADDRESS_IN_USE") return portInUse(port, error);
  const messages = runtimeMessages(error instanceof Error ? error.message : String(error));
  const service = `service core:user:${workerName}: `;
  const fromWorker = messages.filter((message) => message.startsWith(service));
  if (fromWorker.length > 0) {
    const shown = fromWorker.map((message) => indent(message.slice(service.length))).join("\n");
    return new ServeError("worker_failed", `The Worker failed to start:\n${shown}`, {}, error);
  }
  const shown = messages.length > 0 ? messages.map(indent).join("\n") : indent(String(error));
  return new ServeError("runtime_failed", `workerd failed to start:\n${shown}`, {}, error);
}

/** workerd writes one JSON object a line (2026-11); lines of any other kind are taken as they are. */
function runtimeMessages(text: string): string[] {
  const [, stderr] = text.split("Runtime stderr:\n");
  return (stderr ?? "").split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    try {
      const record: unknown = JSON.parse(line);
      if (typeof record !== "object" || record === null || !("message" in record)) return [line];
      const level = "level" in record ? record.level : "error";
      return level === "error" || level === "fatal" ? [String(record.message)] : [];
    } catch {
      return [line];
    }
  });
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "  ");
}
