import type { ReactNode } from "react";
import type { IncidentDetail } from "../../contract/api.ts";
import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { plural } from "../lib/format-number.ts";
import { useTitle } from "../lib/use-title.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Notice } from "../parts/notice.tsx";
import { Panel } from "../parts/panel.tsx";
import { SeverityBadge } from "../parts/severity.tsx";
import { StatusText } from "../parts/status.tsx";
import { useApp } from "../shell/app-context.ts";
import { Breadcrumb } from "./breadcrumb.tsx";
import { EvidencePanel } from "./evidence-panel.tsx";
import { RecordContext } from "./record-context.ts";
import { RecordSheet } from "./record-sheet.tsx";
import { useRecordSheet } from "./use-record-sheet.ts";
import { WhyText } from "./why-text.tsx";

interface RecordPageProps {
  readonly detail: IncidentDetail;
  /** Why there is no session; default: what this deployment says is off. */
  readonly notice?: ReactNode;
}

/** An incident from the database alone. */
export function RecordPage({ detail, notice }: RecordPageProps) {
  const { config } = useApp();
  const { record, openRecord, closeRecord } = useRecordSheet();
  const { incident, why } = detail;
  useTitle(incident.title);
  return (
    <RecordContext value={openRecord}>
      <main id="main" className="mx-auto max-w-[100rem] space-y-4 px-3 pb-16 md:px-5">
        <header className="pt-4">
          <Breadcrumb />
          <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1.5">
            <SeverityBadge severity={incident.severity} />
            <h1 className="min-w-0 font-semibold text-xl">
              <Foreign text={incident.title} max={300} />
            </h1>
          </div>
          <p className="mt-1.5 flex flex-wrap gap-x-3 text-ink-2 text-sm">
            <StatusText status={incident.status} />
            <span>{incidentTypeLabel(incident.type)}</span>
            <span>{plural(incident.alerts, "alert")}</span>
          </p>
        </header>
        {notice ?? (
          <Notice title="Investigation, notes, decisions and the live timeline are off">
            {config.off.map((line) => (
              <p key={line}>{line}</p>
            ))}
            <p>
              To turn them on: bind <code className="font-mono text-xs">SIRT_SESSION</code>, set{" "}
              <code className="font-mono text-xs">STATE</code> to{" "}
              <code className="font-mono text-xs">state-3-do</code> in wrangler.jsonc, and start again. Alerts
              and incidents stay as they are.
            </p>
          </Notice>
        )}
        <Panel id="why" title="Why is this one incident?">
          <div className="p-4">
            <WhyText why={why} />
          </div>
        </Panel>
        <EvidencePanel name={incident.name} known={incident.alerts} />
      </main>
      <RecordSheet record={record} onClose={closeRecord} />
    </RecordContext>
  );
}
