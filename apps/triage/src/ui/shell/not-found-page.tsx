import { useTitle } from "../lib/use-title.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Link } from "../router/link.tsx";

export function NotFoundPage({ path }: { readonly path: string }) {
  useTitle("Not found");
  return (
    <main id="main" className="mx-auto max-w-3xl p-6">
      <h1 className="sr-only">Not found</h1>
      <EmptyState
        icon="search"
        title="There is no page here"
        actions={
          <Link href="/" className="rounded-md text-accent underline underline-offset-2">
            Go to the queue
          </Link>
        }
      >
        Nothing answers at{" "}
        <code className="font-mono text-xs">
          <Foreign text={path} max={120} />
        </code>
        . The link may be cut short.
      </EmptyState>
    </main>
  );
}
