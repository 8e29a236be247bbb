import type { ReactNode } from "react";
import type { CodeRun, Refusal } from "../../contract/agents.ts";
import { plural } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Icon } from "../parts/icon.tsx";
import { durationText } from "./agent-cost.ts";

const outcomes: Readonly<Record<CodeRun["outcome"], string>> = {
  done: "ran",
  threw: "failed",
  overdue: "was ended",
  crashed: "broke down",
};

/** Code that an agent wrote, with what it gave and how long it took. */
export function AgentCode({ runs }: { readonly runs: readonly CodeRun[] }) {
  if (runs.length === 0) return null;
  const ms = runs.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return (
    <Trail title={`Code run in a sandbox: ${plural(runs.length, "time")}, ${durationText(ms)}`}>
      {runs.map(({ code, outcome, output, durationMs }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is what it was when the agent ended
        <li key={index}>
          <Text text={code} label="Code" />
          <p className="my-1 text-ink-3 text-xs">
            It {outcomes[outcome]} in {durationText(durationMs)}, without network or bindings, and gave:
          </p>
          <Text text={output === "" ? "(nothing)" : output} label="Output" />
        </li>
      ))}
    </Trail>
  );
}

/** What an agent tried and may not: alerts may have told it to. */
export function AgentRefusals({ refusals }: { readonly refusals: readonly Refusal[] }) {
  if (refusals.length === 0) return null;
  return (
    <Trail title={`Refused: ${plural(refusals.length, "call")}`}>
      {refusals.map(({ tool, reason, arguments: given }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is what it was when the agent ended
        <li key={index} className="text-sm">
          <b className="font-medium font-mono text-xs">
            <Foreign text={tool} max={80} />
          </b>{" "}
          <span className="text-ink-2">
            <Foreign text={reason} max={300} />
          </span>
          <Text text={given} label="Arguments" />
        </li>
      ))}
    </Trail>
  );
}

function Trail({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <details className="group mt-2">
      <summary className="flex w-fit list-none items-center gap-1.5 rounded text-ink-3 text-xs hover:text-ink [&::-webkit-details-marker]:hidden">
        <Icon name="chevronRight" className="size-3.5 transition-transform group-open:rotate-90" />
        {title}
      </summary>
      <ul className="mt-1.5 space-y-2 pl-5">{children}</ul>
    </details>
  );
}

function Text({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
      className="max-h-60 overflow-auto rounded bg-sunken px-2 py-1"
    >
      <pre className="whitespace-pre-wrap font-mono text-xs">
        <Foreign text={text} max={4000} />
      </pre>
    </section>
  );
}
