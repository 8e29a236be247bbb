import type { LogSink } from "./log.ts";
import type { GuardKind } from "./runtime-guard.ts";

/** A bundled ES module: its source, or the file that holds it. */
export type WorkerModule = { readonly source: string } | { readonly file: string };

export interface DurableObjectBinding {
  readonly className: string;
  /** Default true: new classes are SQLite-backed. */
  readonly useSQLite?: boolean;
}

export interface WorkflowBinding {
  readonly className: string;
  /** The data belongs to this name: letters, digits, `-` and `_`. */
  readonly name: string;
}

export interface ClassRename {
  readonly from: string;
  readonly to: string;
}

export interface AssetOptions {
  readonly directory: string;
  /** Answer a navigation to an unknown path with `/index.html`. Default true. */
  readonly spa?: boolean;
  /**
   * Paths the Worker sees before the files: `true` for all, or patterns as in wrangler's
   * `assets.run_worker_first` (`/v1/*`; a leading `!` takes paths out again).
   */
  readonly workerFirst?: boolean | readonly string[];
  /** Name of a binding with which the Worker itself can fetch the files. */
  readonly binding?: string;
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export interface ServeOptions {
  readonly worker: WorkerModule;
  /** Data folder, created when missing. Default `.sessile`. One server at a time. */
  readonly dir?: string;
  /** Default 8787; 0 takes a free port. */
  readonly port?: number;
  /** Address to listen on. Default 127.0.0.1; any other than loopback needs `authorizer`. */
  readonly host?: string;
  /** Whether the Worker has an authorizer that decides who may do what. Default false. */
  readonly authorizer?: boolean;
  /** More `Host` values to answer to, such as a proxy's public name: `sessions.example.com` or `box.lan:8787`. */
  readonly allowedHosts?: readonly string[];
  readonly durableObjects?: Readonly<Record<string, DurableObjectBinding>>;
  /** Renames in the order they happened, as in wrangler's `migrations[].renamed_classes`. */
  readonly renamedClasses?: readonly ClassRename[];
  /** Names of the D1 bindings. The data belongs to the binding's name, not to the cloud's `database_id`. */
  readonly d1?: readonly string[];
  /** Names of the R2 bindings. The data belongs to the binding's name, not to the cloud's `bucket_name`. */
  readonly r2?: readonly string[];
  /** Workflows by binding. After a restart of the server an instance goes on once an event is sent to it, not by itself. */
  readonly workflows?: Readonly<Record<string, WorkflowBinding>>;
  /** Names of the bindings of worker loaders, for `workerSandbox`: each Worker they run is a process of its own. */
  readonly workerLoaders?: readonly string[];
  readonly vars?: Readonly<Record<string, JsonValue>>;
  readonly compatibilityDate: string;
  readonly compatibilityFlags?: readonly string[];
  readonly assets?: string | AssetOptions;
  /**
   * Whether the Worker is given the inspector, as its binding `SESSILE_INSPECTOR`. Default: where only this machine reaches it, on
   * loopback and under no other name.
   */
  readonly inspector?: boolean;
  /** How workerd is made to die with this process. Default: the best the system offers. */
  readonly guard?: GuardKind;
  /** Receives the Worker's and the server's log. Default: lines on stdout and stderr. */
  readonly log?: LogSink;
}

/** What may be other with the next build of a Worker; the rest stays as it was served. */
export type ReloadOptions = Partial<
  Pick<
    ServeOptions,
    | "durableObjects"
    | "renamedClasses"
    | "d1"
    | "r2"
    | "workflows"
    | "workerLoaders"
    | "vars"
    | "compatibilityDate"
    | "compatibilityFlags"
    | "assets"
  >
>;
