import { useState } from "react";
import type { IncidentDetail } from "../../contract/api.ts";
import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { formatCount, plural } from "../lib/format-number.ts";
import { formatAbsolute, formatSpan } from "../lib/format-time.ts";
import { useTitle } from "../lib/use-title.ts";
import { Button } from "../parts/button.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { SeverityBadge } from "../parts/severity.tsx";
import { StatusText } from "../parts/status.tsx";
import { Breadcrumb } from "./breadcrumb.tsx";
import { CloseDialog } from "./close-dialog.tsx";
import { ConnectionBadge } from "./connection-badge.tsx";
import { Presence } from "./presence.tsx";
import { useIncident } from "./session-context.ts";
import { useIncidentCall, usePostponedCall } from "./use-incident-call.ts";
import { WhyPopover } from "./why-popover.tsx";

export function IncidentHeader({ detail }: { readonly detail: IncidentDetail }) {
  const { state, status, pendingCalls } = useIncident();
  const call = useIncidentCall();
  usePostponedCall();
  const [isClosing, setClosing] = useState(false);
  useTitle(state.title);

  const isStarting = pendingCalls.some(({ method }) => method === "startInvestigation");
  const canStart = status === "new";
  const canClose = status === "triaged";
  const start = () => {
    if (!canStart || isStarting) return false;
    void call("Starting the investigation", "startInvestigation");
    return true;
  };
  const openClose = () => {
    if (!canClose) return false;
    setClosing(true);
    return true;
  };
  useShortcuts({ s: start, d: openClose });

  const { total, firstAt, lastAt } = state.alerts;
  // A session takes its alerts in after it is opened first; the database has counted them already.
  const alerts = Math.max(total, detail.incident.alerts);
  const from = total > 0 ? firstAt : detail.incident.firstAt;
  const to = total > 0 ? lastAt : detail.incident.lastAt;
  return (
    <header className="px-3 pt-4 pb-3 md:px-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Breadcrumb />
        <div className="ml-auto flex h-8 items-center gap-2">
          <ConnectionBadge />
          <Presence />
        </div>
      </div>
      <div className="mt-2 flex flex-wrap items-start gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-80">
          <div className="flex items-start gap-x-2.5 gap-y-1 max-md:flex-col">
            <span className="pt-0.5">
              <SeverityBadge severity={state.severity} />
            </span>
            <h1 className="min-w-0 text-pretty font-semibold text-xl">
              <Foreign text={state.title} max={300} />
            </h1>
          </div>
          <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-2 text-sm">
            <StatusText status={status} />
            <span>{incidentTypeLabel(state.type)}</span>
            <span className="tnum" title={`${formatAbsolute(from)} to ${formatAbsolute(to)}`}>
              {plural(alerts, "alert")} over {formatSpan(from, to)}
              {total > 0 && total < alerts && `, ${formatCount(total)} taken in so far`}
            </span>
            <WhyPopover why={detail.why} />
          </div>
        </div>
        <div className="flex gap-2">
          {canStart && (
            <Button look="primary" icon="play" hint="s" disabled={isStarting} onClick={start}>
              {isStarting ? "Starting…" : "Start investigation"}
            </Button>
          )}
          {canClose && (
            <Button look="primary" icon="check" hint="d" onClick={openClose}>
              Record decision
            </Button>
          )}
        </div>
      </div>
      <CloseDialog open={isClosing} onClose={() => setClosing(false)} />
    </header>
  );
}
