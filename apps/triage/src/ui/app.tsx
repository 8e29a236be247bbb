import { useCallback, useEffect, useMemo, useState } from "react";
import type { AppConfig } from "../contract/api.ts";
import { api } from "./api/api.ts";
import { useResource } from "./api/use-resource.ts";
import { InboxPage } from "./inbox/inbox-page.tsx";
import { InboxProvider } from "./inbox/inbox-provider.tsx";
import { IncidentRoute } from "./incident/incident-route.tsx";
import { IngestLayer } from "./ingest/ingest-layer.tsx";
import { useIngest } from "./ingest/use-ingest.ts";
import { useShortcuts } from "./keyboard/shortcuts.ts";
import { Toaster } from "./parts/toaster.tsx";
import { forgetPostponed } from "./profile/postponed-call.ts";
import { ProfileChanged } from "./profile/profile-changed.tsx";
import { ProfileDialog } from "./profile/profile-dialog.tsx";
import { useProfileElsewhere } from "./profile/use-profile-elsewhere.ts";
import { QueuePage } from "./queue/queue-page.tsx";
import { QueueStore } from "./queue/queue-store.ts";
import { navigate, useLocation } from "./router/location.ts";
import { AppContext, type AppContextValue } from "./shell/app-context.ts";
import { ErrorBoundary } from "./shell/error-boundary.tsx";
import { Header } from "./shell/header.tsx";
import { HelpDialog } from "./shell/help-dialog.tsx";
import { NotFoundPage } from "./shell/not-found-page.tsx";
import { StartPage } from "./shell/start-page.tsx";

const retryConfigMs = 4_000;

export function App() {
  const { data: config, error, reload } = useResource("config", api.config);
  useEffect(() => {
    if (!error) return;
    const timer = setTimeout(reload, retryConfigMs);
    return () => clearTimeout(timer);
  }, [error, reload]);
  if (!config) return <StartPage error={error} onRetry={reload} />;
  return <Workplace config={config} />;
}

type Open = "help" | "profile" | "ingest" | null;

function Workplace({ config }: { readonly config: AppConfig }) {
  const [queue] = useState(() => new QueueStore());
  const [open, setOpen] = useState<Open>(null);
  const close = useCallback(() => setOpen(null), []);
  const ingest = useIngest(queue.refresh);
  const { profile } = config;
  const isProfileChanged = useProfileElsewhere(profile);

  useEffect(() => {
    // Without sessions nothing is pushed; the counters are read again by the clock then.
    if (config.state === "state-3-do") queue.start();
    return () => queue.stop();
  }, [queue, config.state]);

  const { loadSample } = ingest;
  const context = useMemo<AppContextValue>(
    () => ({
      config,
      queue,
      profile,
      requireProfile: () => {
        if (!profile) setOpen("profile");
        return profile !== null && !isProfileChanged;
      },
      openProfile: () => setOpen("profile"),
      openHelp: () => setOpen("help"),
      openIngest: () => setOpen("ingest"),
      loadSample: () => {
        setOpen("ingest");
        loadSample();
      },
    }),
    [config, queue, profile, isProfileChanged, loadSample],
  );

  useShortcuts({
    "?": () => setOpen("help"),
    "g q": () => navigate("/"),
    "g i": () => navigate("/inbox"),
    u: () => setOpen("ingest"),
  });

  return (
    <AppContext value={context}>
      <a
        href="#main"
        className="sr-only z-50 rounded bg-accent px-3 py-1.5 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <InboxProvider>
        <Header />
        <Route />
      </InboxProvider>
      <HelpDialog open={open === "help"} onClose={close} />
      <ProfileDialog
        open={open === "profile"}
        onClose={() => {
          forgetPostponed();
          close();
        }}
        profile={profile}
      />
      <IngestLayer
        ingest={ingest}
        open={open === "ingest"}
        onOpen={() => setOpen("ingest")}
        onClose={close}
      />
      {isProfileChanged && <ProfileChanged />}
      <Toaster />
    </AppContext>
  );
}

function Route() {
  const { path } = useLocation();
  const incident = /^\/incident\/([^/]+)\/?$/.exec(path)?.[1];
  return <ErrorBoundary resetKey={path}>{pageOf(path, incident)}</ErrorBoundary>;
}

function pageOf(path: string, incident: string | undefined) {
  if (path === "/") return <QueuePage />;
  if (path === "/inbox") return <InboxPage />;
  const name = incident === undefined ? null : decoded(incident);
  return name === null ? <NotFoundPage path={path} /> : <IncidentRoute key={name} name={name} />;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
