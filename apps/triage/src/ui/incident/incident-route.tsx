import { api } from "../api/api.ts";
import { ApiError, errorMessage } from "../api/http.ts";
import { useResource } from "../api/use-resource.ts";
import { Button } from "../parts/button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { Link } from "../router/link.tsx";
import { useApp } from "../shell/app-context.ts";
import { IncidentSkeleton } from "./incident-skeleton.tsx";
import { RecordPage } from "./record-page.tsx";
import { SessionPage } from "./session-page.tsx";

export function IncidentRoute({ name }: { readonly name: string }) {
  const { config } = useApp();
  const { data, error, reload } = useResource(name, (signal) => api.incident(name, signal));

  if (error && !data) {
    const isMissing = error instanceof ApiError && (error.status === 404 || error.status === 400);
    return (
      <main id="main" className="mx-auto max-w-3xl p-6">
        <h1 className="sr-only">Incident</h1>
        <EmptyState
          icon={isMissing ? "search" : "alert"}
          title={isMissing ? "There is no such incident" : "The incident could not be read"}
          actions={
            <>
              {!isMissing && <Button onClick={reload}>Try again</Button>}
              <Link href="/" className="rounded-md px-2 py-1.5 text-accent text-sm underline">
                Go to the queue
              </Link>
            </>
          }
        >
          {isMissing
            ? "No alert led to an incident of this name. The link may be cut short, or come from another installation."
            : errorMessage(error)}
        </EmptyState>
      </main>
    );
  }
  if (!data) return <IncidentSkeleton />;
  return config.state === "state-2-d1" ? (
    <RecordPage detail={data} />
  ) : (
    <SessionPage name={name} detail={data} />
  );
}
