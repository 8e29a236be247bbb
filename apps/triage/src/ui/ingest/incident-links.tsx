import { api } from "../api/api.ts";
import { useResource } from "../api/use-resource.ts";
import { formatCount } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { SeverityMark } from "../parts/severity.tsx";
import { Link } from "../router/link.tsx";
import { incidentHref } from "../router/location.ts";

const maxLinks = 8;

interface IncidentLinksProps {
  readonly names: readonly string[];
  readonly total: number;
  readonly onFollow: () => void;
}

/** The first incidents by title, and the way to the rest. */
export function IncidentLinks({ names, total, onFollow }: IncidentLinksProps) {
  const shown = names.slice(0, maxLinks);
  const { data } = useResource(`titles ${shown.join(" ")}`, (signal) =>
    Promise.all(shown.map((name) => api.incident(name, signal).catch(() => null))),
  );
  return (
    <ul aria-label="Incidents" className="-mx-1.5">
      {shown.map((name, index) => {
        const incident = data?.[index]?.incident;
        return (
          <li key={name}>
            <Link
              href={incidentHref(name)}
              onClick={onFollow}
              className="flex h-7 items-center gap-2 rounded px-1.5 hover:bg-hover"
            >
              {incident && <SeverityMark severity={incident.severity} />}
              <span className="truncate text-accent">
                <Foreign text={incident?.title ?? name} max={160} />
              </span>
            </Link>
          </li>
        );
      })}
      {total > shown.length && (
        <li className="px-1.5 pt-1 text-ink-2">
          and {formatCount(total - shown.length)} more, in the{" "}
          <Link href="/?sort=-updatedAt" onClick={onFollow} className="text-accent underline">
            queue
          </Link>
        </li>
      )}
    </ul>
  );
}
