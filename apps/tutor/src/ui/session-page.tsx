import { useSession } from "@sessions/tutor";
import { useEffect, useState } from "react";
import { poll } from "sessile/client";
import { Composer } from "./composer.tsx";
import { Conversation } from "./conversation.tsx";
import { CourseCheck } from "./course-check.tsx";
import { QuotaLine } from "./quota-line.tsx";
import { SummaryPanel } from "./summary-panel.tsx";

const pollIntervalMs = 60_000;
const transport = poll({ intervalMs: pollIntervalMs });

export function SessionPage({ name, person }: { readonly name: string; readonly person: string }) {
  const session = useSession(name, { transport });
  const [isRefreshing, setRefreshing] = useState(false);
  useEffect(() => {
    document.title = "Transfer tutor";
  }, []);
  const refresh = (): void => {
    setRefreshing(true);
    // Why it came to nothing is the session's error, which is shown below.
    const done = () => setRefreshing(false);
    session.refresh().then(done, done);
  };
  return (
    <div className="mx-auto grid max-w-5xl gap-4 p-4 md:grid-cols-[2fr_1fr]">
      <header className="flex flex-wrap items-baseline gap-3 md:col-span-2">
        <h1 className="text-xl font-semibold">Transfer tutor</h1>
        <p className="quiet text-sm">
          {person} · asks for news every minute · {session.lastSeq} events
        </p>
        <span className="ml-auto flex gap-2">
          <button type="button" className="button" onClick={refresh} disabled={isRefreshing}>
            {isRefreshing ? "Refreshing …" : "Refresh"}
          </button>
          <a className="button" href={`/v1/sessions/tutor/${name}/export`} download>
            Export
          </a>
        </span>
      </header>
      <main className="grid content-start gap-4">
        <Conversation session={session} />
        <Composer session={session} />
      </main>
      <aside aria-label="Tools" className="grid content-start gap-4">
        <CourseCheck session={session} />
        <SummaryPanel name={name} />
        <QuotaLine lastSeq={session.lastSeq} />
      </aside>
      {session.error && (
        <p role="alert" className="md:col-span-2">
          {session.error.message}
        </p>
      )}
    </div>
  );
}
