import { Tabs } from "radix-ui";
import { useRef } from "react";
import { flushSync } from "react-dom";
import type { IncidentDetail } from "../../contract/api.ts";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { formatCompact } from "../lib/format-number.ts";
import { useMediaQuery } from "../lib/use-media-query.ts";
import { Panel } from "../parts/panel.tsx";
import { navigate, useLocation } from "../router/location.ts";
import { ActionPlan } from "./action-plan.tsx";
import { AgentsPanel } from "./agents-panel.tsx";
import { EvidencePanel } from "./evidence-panel.tsx";
import { InvestigationPanel } from "./investigation-panel.tsx";
import { NotesPanel } from "./notes-panel.tsx";
import { ProgressTrack } from "./progress-track.tsx";
import { useIncident } from "./session-context.ts";
import { TimelinePanel } from "./timeline-panel.tsx";
import { TriagePanel } from "./triage-panel.tsx";
import { WhyText } from "./why-text.tsx";

/** The app's own header, which stays at the top. */
const headerPx = 48;
const wideTabs = ["overview", "evidence", "timeline"];

/** The page below the header: three views, with progress and notes beside them where there is room. */
export function IncidentBody({ detail }: { readonly detail: IncidentDetail }) {
  const { name, state, status, session } = useIncident();
  const { path, search } = useLocation();
  const hasAside = useMediaQuery("(min-width: 1080px)");
  const tabs = hasAside ? wideTabs : [...wideTabs, "notes"];
  const wanted = new URLSearchParams(search).get("tab") ?? "overview";
  const tab = tabs.includes(wanted) ? wanted : "overview";
  const tabsRef = useRef<HTMLDivElement>(null);
  const show = (next: string) => {
    // Another view begins at its top, not where the last one was left.
    const top = tabsRef.current?.offsetTop ?? 0;
    if (scrollY > top) scrollTo(0, Math.max(0, top - headerPx));
    navigate(next === "overview" ? path : `${path}?tab=${next}`, { replace: true });
  };
  useShortcuts({
    "1": () => show("overview"),
    "2": () => show("evidence"),
    "3": () => show("timeline"),
    n: () => {
      // At once: what is typed right after must not be taken for shortcuts.
      if (!hasAside) flushSync(() => show("notes"));
      document.getElementById("new-note")?.focus();
    },
  });
  const alerts = Math.max(state.alerts.total, detail.incident.alerts);
  const counts: Readonly<Record<string, string>> = {
    evidence: formatCompact(alerts),
    timeline: formatCompact(session.lastSeq),
    notes: String(state.notes.length),
  };

  return (
    <div className="grid items-start gap-4 lg:gap-5 min-[1080px]:grid-cols-[minmax(0,1fr)_22rem]">
      <Tabs.Root ref={tabsRef} value={tab} onValueChange={show} className="min-w-0">
        <Tabs.List
          aria-label="Views of the incident"
          className="sticky top-12 z-20 flex gap-4 overflow-x-auto border-line border-b bg-canvas max-md:px-3"
        >
          {tabs.map((each) => (
            <Tabs.Trigger
              key={each}
              value={each}
              className="-mb-px flex h-10 items-center gap-1.5 border-transparent border-b-2 text-ink-2 text-sm capitalize outline-offset-[-2px] hover:text-ink data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
            >
              {each}
              {counts[each] && <span className="tnum font-normal text-ink-3 text-xs">{counts[each]}</span>}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value="overview" className="space-y-4 pt-4 outline-none max-md:px-3">
          {!hasAside && <ProgressTrack />}
          {!state.card && <InvestigationPanel />}
          {!state.card && <AgentsPanel />}
          <TriagePanel />
          <ActionPlan />
          {state.card && <InvestigationPanel />}
          {state.card && <AgentsPanel />}
          {status === "new" && (
            <Panel id="why" title="Why is this one incident?">
              <div className="p-4">
                <WhyText why={detail.why} />
              </div>
            </Panel>
          )}
        </Tabs.Content>
        <Tabs.Content value="evidence" className="pt-4 outline-none">
          <EvidencePanel name={name} known={state.alerts.total} />
        </Tabs.Content>
        <Tabs.Content value="timeline" className="pt-4 outline-none max-md:px-3">
          <TimelinePanel />
        </Tabs.Content>
        {!hasAside && (
          <Tabs.Content value="notes" className="pt-4 outline-none max-md:px-3">
            <NotesPanel />
          </Tabs.Content>
        )}
      </Tabs.Root>
      {hasAside && (
        <aside
          aria-label="Progress and notes"
          className="sticky top-14 max-h-[calc(100dvh-4rem)] space-y-4 overflow-y-auto pb-2"
        >
          <ProgressTrack />
          <NotesPanel />
        </aside>
      )}
    </div>
  );
}
