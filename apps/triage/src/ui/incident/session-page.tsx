import { useMemo } from "react";
import type { IncidentDetail } from "../../contract/api.ts";
import { errorMessage } from "../api/http.ts";
import { Notice } from "../parts/notice.tsx";
import { isStatus } from "../parts/status.tsx";
import { IncidentBody } from "./incident-body.tsx";
import { IncidentHeader } from "./incident-header.tsx";
import { IncidentSkeleton } from "./incident-skeleton.tsx";
import { RecordContext } from "./record-context.ts";
import { RecordPage } from "./record-page.tsx";
import { RecordSheet } from "./record-sheet.tsx";
import { IncidentContext } from "./session-context.ts";
import { useIncidentSession, usePendingCalls } from "./session-handle.ts";
import { useRecordSheet } from "./use-record-sheet.ts";

interface SessionPageProps {
  readonly name: string;
  readonly detail: IncidentDetail;
}

/** An incident on its session: live, and the same for everyone who has it open. */
export function SessionPage({ name, detail }: SessionPageProps) {
  const session = useIncidentSession(name);
  const pendingCalls = usePendingCalls(session.pending);
  const { record, openRecord, closeRecord } = useRecordSheet();
  const { state, status } = session;

  const value = useMemo(() => {
    if (!state) return null;
    // Until the session has read its alerts, D1 knows more.
    const isBlank = state.title === "";
    const shown = isBlank
      ? {
          ...state,
          title: detail.incident.title,
          severity: detail.incident.severity,
          type: detail.incident.type,
        }
      : state;
    return { name, session, state: shown, status: isStatus(status) ? status : "new", pendingCalls } as const;
  }, [name, session, state, status, pendingCalls, detail]);

  if (!value) {
    if (session.connection !== "closed") return <IncidentSkeleton />;
    return (
      <RecordPage
        detail={detail}
        notice={
          <Notice tone="error" title="The incident's session refused this page">
            {errorMessage(session.error)} What the database knows is shown instead.
          </Notice>
        }
      />
    );
  }
  return (
    <IncidentContext value={value}>
      <RecordContext value={openRecord}>
        <main id="main" className="mx-auto max-w-[100rem] pb-16 md:px-5">
          <IncidentHeader detail={detail} />
          <IncidentBody detail={detail} />
        </main>
        <RecordSheet record={record} onClose={closeRecord} />
      </RecordContext>
    </IncidentContext>
  );
}
