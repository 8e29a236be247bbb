import { type FormEvent, useEffect, useState } from "react";
import { baseOf, inspectorPath, request } from "./address.ts";
import type { OperatorHeaders } from "./operator-token.ts";

interface Kind {
  readonly kind: string;
  readonly route: string | null;
  readonly hasPage: boolean;
}

interface ListedSession {
  readonly kind: string;
  readonly name: string;
  readonly title: string;
}

interface Found {
  readonly kinds: readonly Kind[];
  /** In words, why there is no list. */
  readonly sessions: readonly ListedSession[] | string;
}

const listed = 50;

/** What is served here: the kinds, and the sessions that were used last. */
export function IndexPage({ headers }: { readonly headers: OperatorHeaders }) {
  const [found, setFound] = useState<Found | string | null>(null);
  const base = baseOf(location);
  useEffect(() => {
    find(base, headers).then(setFound, (thrown: unknown) => setFound((thrown as Error).message));
  }, [base, headers]);
  if (found === null) return <main className="lone">Asking …</main>;
  if (typeof found === "string") return <p role="alert">{found}</p>;
  return (
    <main className="lone">
      <h1>Sessions</h1>
      <h2>Kinds</h2>
      {found.kinds.map((kind) => (
        <KindForm key={kind.kind} kind={kind} />
      ))}
      <p>
        <a href={`${base}/_sessile/catalog`}>What each kind offers</a>
      </p>
      <h2>Used last</h2>
      {typeof found.sessions === "string" ? (
        <p className="empty">{found.sessions}</p>
      ) : (
        <ul>
          {found.sessions.map(({ kind, name, title }) => (
            <li key={`${kind}/${name}`}>
              <a href={inspectorPath(base, kind, name)}>
                {kind}/{name}
              </a>{" "}
              <small>{title}</small>
            </li>
          ))}
        </ul>
      )}
    </main>
  );
}

/** A session by its name, for where no directory is kept. */
function KindForm({ kind: { kind, route, hasPage } }: { readonly kind: Kind }) {
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name !== "") location.assign(inspectorPath(baseOf(location), kind, name));
  };
  return (
    <form className="kind" onSubmit={submit}>
      <label>
        {kind}/
        <input
          value={name}
          onChange={(event) => setName(event.target.value)}
          placeholder="name"
          spellCheck={false}
        />
      </label>
      <button type="submit" disabled={name === ""}>
        Inspect
      </button>
      {hasPage && <small>has a page at {route}</small>}
    </form>
  );
}

async function find(base: string, headers: OperatorHeaders): Promise<Found> {
  const { items: kinds } = await request<{ readonly items: readonly Kind[] }>(`${base}/_sessile/catalog`, {
    headers,
  });
  const sessions = await request<{ readonly items: readonly ListedSession[] }>(
    `${base}/v1/sessions?limit=${listed}`,
    { headers },
  ).then(
    ({ items }) => (items.length === 0 ? "There are none yet." : items),
    (thrown: unknown) => (thrown as Error).message,
  );
  return { kinds, sessions };
}
