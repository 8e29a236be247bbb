import type { Reason } from "../../contract/incident.ts";
import { Foreign } from "../parts/foreign.tsx";
import { CitationList } from "./citation-list.tsx";

const maxCitations = 3;
/** A citation below says the rest in full. */
const maxChars = 180;

interface ReasonItemProps {
  readonly reason: Reason;
  /** Titles of findings; a reason that is one begins with its title. */
  readonly titles: readonly string[];
}

export function ReasonItem({ reason, titles }: ReasonItemProps) {
  const { text, citations } = reason;
  const colon = titles.find((title) => text.startsWith(`${title}: `))?.length ?? -1;
  return (
    <li className="max-w-[92ch]">
      {colon > 0 ? (
        <>
          <span className="block font-medium">
            <Foreign text={text.slice(0, colon)} max={240} />
          </span>
          <span className="text-ink-2">
            <Foreign text={text.slice(colon + 2)} max={maxChars} />
          </span>
        </>
      ) : (
        <span className="text-ink-2">
          <Foreign text={text} max={maxChars} />
        </span>
      )}
      <CitationList citations={citations.slice(0, maxCitations)} />
    </li>
  );
}
