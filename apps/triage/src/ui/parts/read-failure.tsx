import { errorMessage } from "../api/http.ts";
import { Button } from "./button.tsx";
import { Notice } from "./notice.tsx";

interface ReadFailureProps {
  readonly title: string;
  /** Null or undefined: nothing failed, and nothing is shown. */
  readonly error: unknown;
  readonly onRetry: () => void;
}

/** What stands above a list that could not be read. */
export function ReadFailure({ title, error, onRetry }: ReadFailureProps) {
  if (error === null || error === undefined) return null;
  return (
    <Notice
      tone="error"
      title={title}
      className="mb-2 max-md:mx-3"
      actions={
        <Button size="sm" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      {errorMessage(error)}
    </Notice>
  );
}
