/** Why a server did not start. A program branches on the code; the message tells a person what to do. */
export type ServeErrorCode =
  | "bad_option"
  | "unsupported_platform"
  | "authorizer_required"
  | "folder_not_writable"
  | "folder_in_use"
  | "port_in_use"
  | "address_unavailable"
  | "worker_failed"
  | "runtime_failed";

/** Facts beside the message: the process holding the folder, the port that was taken. */
export interface ServeErrorDetails {
  readonly pid?: number;
  readonly port?: number;
}

export class ServeError extends Error {
  override readonly name = "ServeError";
  readonly code: ServeErrorCode;
  readonly details: ServeErrorDetails;

  constructor(code: ServeErrorCode, message: string, details: ServeErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** The `code` of a Node system error, such as `EADDRINUSE`; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
