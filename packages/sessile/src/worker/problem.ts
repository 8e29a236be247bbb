import { problemOf } from "../object/problem.ts";
import { SessileError } from "../protocol/error.ts";

/** The address is known and takes other methods, which the answer names (RFC 9110, section 15.5.6). */
export class MethodNotAllowed extends SessileError {
  readonly allow: string;

  constructor(methods: readonly string[]) {
    const allow = methods.join(", ");
    super("method_not_allowed", `This address takes ${allow}.`);
    this.allow = allow;
  }
}

/** An error as it is told over HTTP. */
export function problemResponse(thrown: unknown, requestId: string): Response {
  const error = SessileError.from(thrown);
  const response = problemOf(error, requestId);
  if (error instanceof MethodNotAllowed) response.headers.set("allow", error.allow);
  return response;
}
