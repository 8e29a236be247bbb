import { type FormEvent, useCallback, useEffect, useState } from "react";
import { SessionPage } from "./session-page.tsx";

/** `/tutor/{name}`; any other address begins a session of its own. */
function sessionName(): string {
  const [, name] = /^\/tutor\/([A-Za-z0-9._~-]{1,128})$/.exec(location.pathname) ?? [];
  if (name !== undefined) return name;
  const fresh = crypto.randomUUID();
  history.replaceState(null, "", `/tutor/${fresh}`);
  return fresh;
}

interface Profile {
  readonly id: string;
  readonly name: string;
}

export function App() {
  const [name] = useState(sessionName);
  const [profile, setProfile] = useState<Profile | null | undefined>(undefined);
  const [error, setError] = useState("");
  const ask = useCallback((): void => {
    setError("");
    askProfile().then(setProfile, (failure: Error) => setError(failure.message));
  }, []);
  useEffect(ask, [ask]);
  if (error !== "") return <Failure error={error} onRetry={ask} />;
  if (profile === undefined) return <p className="quiet p-6">Loading …</p>;
  if (profile === null) return <PickName onPicked={setProfile} />;
  return <SessionPage name={name} person={profile.name} />;
}

function Failure({ error, onRetry }: { readonly error: string; readonly onRetry: () => void }) {
  return (
    <p className="flex items-baseline gap-3 p-6" role="alert">
      <span>{error}</span>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}

function PickName({ onPicked }: { readonly onPicked: (profile: Profile | null) => void }) {
  const [error, setError] = useState("");
  const pick = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = new FormData(event.currentTarget).get("name");
    askProfile({ name }).then(onPicked, (failure: Error) => setError(failure.message));
  };
  return (
    <main className="mx-auto max-w-md p-6">
      <form className="card grid gap-3" onSubmit={pick}>
        <h1 className="text-xl font-semibold">Transfer tutor</h1>
        <label className="grid gap-1">
          Your name
          <input className="field" name="name" required maxLength={80} autoComplete="name" />
        </label>
        <button className="button primary" type="submit">
          Begin
        </button>
        <p role="alert">{error}</p>
      </form>
    </main>
  );
}

/** Who is here; with a body, after a name was picked. @throws Error in words for the page */
async function askProfile(body?: object): Promise<Profile | null> {
  const response = await fetch("/api/profile", body && { method: "POST", body: JSON.stringify(body) }).catch(
    () => Promise.reject(new Error("The server cannot be reached.")),
  );
  if (!response.ok) throw new Error(await wordsOf(response));
  return ((await response.json()) as { readonly profile: Profile | null }).profile;
}

/** A refusal's own words. */
async function wordsOf(response: Response): Promise<string> {
  if (response.status === 400) return "This name cannot be used. It has 1 to 80 visible characters.";
  const problem = (await response.json().catch(() => null)) as { readonly detail?: string } | null;
  return problem?.detail ?? `The server answers ${response.status}.`;
}
