import type { TutorSession } from "@sessions/tutor";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { HttpClient, type ShownSummary } from "sessile/client";
import { SessileError, type SummaryStyle, summaryStyles } from "sessile/protocol";

const labels: Record<SummaryStyle, string> = {
  brief: "Brief",
  detailed: "Detailed",
  action_items: "Action items",
};

/** The last summary, and a new one when the cooldown allows. */
export function SummaryPanel({ name }: { readonly name: string }) {
  const client = useMemo(() => new HttpClient<TutorSession>({ kind: "tutor", name }), [name]);
  const [summary, setSummary] = useState<ShownSummary | null>(null);
  const [note, setNote] = useState("");
  const [cooldown, setCooldown] = useCountdown();
  useEffect(() => {
    client.listSummaries({ limit: 1 }).then(
      ({ items }) => setSummary(items[0] ?? null),
      () => {},
    );
  }, [client]);
  const summarise = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const style = new FormData(event.currentTarget).get("style") as SummaryStyle;
    client.summarize(style).then(
      (made) => {
        setNote(made ? "" : "It is being written. Look again shortly.");
        if (!made) return;
        setSummary(made);
        setCooldown(made.cooldownRemaining);
      },
      (failure: Error) => {
        setNote(failure.message);
        if (failure instanceof SessileError) setCooldown((failure.details.retryAfterMs ?? 0) / 1000);
      },
    );
  };
  return (
    <form className="card grid gap-3" onSubmit={summarise}>
      <h2 className="font-semibold">Summary</h2>
      {summary && <p className="break-words whitespace-pre-wrap">{summary.text}</p>}
      <label className="grid gap-1">
        Style
        <select className="field" name="style">
          {summaryStyles.map((style) => (
            <option key={style} value={style}>
              {labels[style]}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button" disabled={cooldown > 0}>
        {cooldown > 0 ? `Again in ${cooldown} s` : "Summarise"}
      </button>
      <p role="status">{note}</p>
    </form>
  );
}

/** Whole seconds, counted down to 0. */
function useCountdown(): [number, (seconds: number) => void] {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (seconds <= 0) return;
    const timer = setTimeout(() => setSeconds(seconds - 1), 1000);
    return () => clearTimeout(timer);
  }, [seconds]);
  return [seconds, (next) => setSeconds(Math.ceil(next))];
}
