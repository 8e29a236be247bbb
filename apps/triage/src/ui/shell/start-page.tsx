import { errorMessage } from "../api/http.ts";
import { Button } from "../parts/button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";

/** Before the server has said what it can do. */
export function StartPage({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  if (!error) return <div className="h-12 border-line border-b bg-surface" aria-busy="true" />;
  return (
    <main id="main" className="mx-auto max-w-3xl p-6">
      <h1 className="sr-only">Sessile Triage</h1>
      <EmptyState
        icon="alert"
        title="The server cannot be used"
        actions={<Button onClick={onRetry}>Try again</Button>}
      >
        <p>{errorMessage(error)}</p>
        <p>The page tries again by itself every few seconds.</p>
      </EmptyState>
    </main>
  );
}
