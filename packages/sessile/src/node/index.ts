export type { FolderHolder } from "./server/folder-lock.ts";
export { findHolder } from "./server/folder-lock.ts";
export type { LogEntry, LogLevel, LogSink } from "./server/log.ts";
export { consoleLog, formatLogEntry } from "./server/log.ts";
export type {
  AssetOptions,
  ClassRename,
  DurableObjectBinding,
  JsonValue,
  ReloadOptions,
  ServeOptions,
  WorkerModule,
  WorkflowBinding,
} from "./server/options.ts";
export type { GuardKind } from "./server/runtime-guard.ts";
export type { D1Handle, Server } from "./server/serve.ts";
export { serve } from "./server/serve.ts";
export type { ServeErrorCode, ServeErrorDetails } from "./server/serve-error.ts";
export { ServeError } from "./server/serve-error.ts";
export type { StopOptions } from "./server/stop-server.ts";
export { stopServer } from "./server/stop-server.ts";
