/** Why nothing was generated. A program branches on the code; the message names the files and says what to change. */
export type GenerateErrorCode =
  | "invalid_source"
  | "invalid_route"
  | "reserved"
  | "duplicate"
  | "invalid_lock"
  | "class_cycle"
  | "storage_deletion"
  | "invalid_config";

export class GenerateError extends Error {
  override readonly name = "GenerateError";
  readonly code: GenerateErrorCode;
  /** What the message is about, as paths below the project's folder. */
  readonly files: readonly string[];

  constructor(code: GenerateErrorCode, message: string, files: readonly string[] = []) {
    super(message);
    this.code = code;
    this.files = files;
  }
}
