import { Component, type ReactNode } from "react";
import { errorMessage } from "../api/http.ts";
import { Button } from "../parts/button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";

interface Props {
  /** A change of it tries again: another page may work. */
  readonly resetKey: string;
  readonly children: ReactNode;
}

/** A page that fails to render says so, and keeps the rest of the app alive. */
export class ErrorBoundary extends Component<Props, { readonly error: unknown; readonly key: string }> {
  override state = { error: null as unknown, key: this.props.resetKey };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: { readonly key: string }) {
    return props.resetKey === state.key ? null : { key: props.resetKey, error: null };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <main id="main" className="mx-auto max-w-3xl p-6">
        <EmptyState
          icon="alert"
          title="This page failed to show"
          actions={<Button onClick={() => location.reload()}>Reload</Button>}
        >
          <p>Nothing that was saved is lost. If it fails again, report this:</p>
          <p className="mt-2 rounded bg-sunken p-2 font-mono text-xs wrap-anywhere">{errorMessage(error)}</p>
        </EmptyState>
      </main>
    );
  }
}
