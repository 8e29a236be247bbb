import { type FormEvent, useId, useState } from "react";
import type { Profile } from "../../contract/api.ts";
import { api } from "../api/api.ts";
import { errorMessage } from "../api/http.ts";
import { Button } from "../parts/button.tsx";
import { fieldClass } from "../parts/field.ts";
import { Modal } from "../parts/modal.tsx";
import { Notice } from "../parts/notice.tsx";
import { Avatar } from "./avatar.tsx";
import { recentProfiles, rememberProfile } from "./recent-profiles.ts";

interface ProfileDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly profile: Profile | null;
}

const maxNameChars = 80;

/** Who is at this browser. Sessions are told on connecting, so a change begins every connection anew. */
export function ProfileDialog({ open, onClose, profile }: ProfileDialogProps) {
  const id = useId();
  const [name, setName] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [isSaving, setIsSaving] = useState(false);

  const change = async (act: () => Promise<unknown>) => {
    setIsSaving(true);
    setError(null);
    try {
      await act();
      location.reload();
    } catch (thrown) {
      setError(errorMessage(thrown));
      setIsSaving(false);
    }
  };
  const choose = (chosen: string) =>
    change(async () => {
      const made = await api.setProfile(chosen);
      rememberProfile(made.name);
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") void choose(name.trim());
  };
  const others = recentProfiles().filter((other) => other !== profile?.name);

  return (
    <Modal
      open={open}
      onClose={onClose}
      title={profile ? "Switch profile" : "Who is working here?"}
      description="The name goes on your notes and decisions. It is a local profile, not an account."
    >
      <div className="space-y-4 p-4">
        {profile && (
          <div className="flex items-center gap-2.5 rounded-md bg-selected px-3 py-2">
            <Avatar name={profile.name} />
            <bdi className="min-w-0 flex-1 truncate font-medium">{profile.name}</bdi>
            <Button size="sm" look="quiet" disabled={isSaving} onClick={() => void change(api.clearProfile)}>
              Leave
            </Button>
          </div>
        )}
        {others.length > 0 && (
          <ul aria-label="Profiles used here" className="space-y-0.5">
            {others.map((other) => (
              <li key={other}>
                <button
                  type="button"
                  disabled={isSaving}
                  onClick={() => void choose(other)}
                  className="flex h-10 w-full items-center gap-2.5 rounded-md px-3 text-left hover:bg-hover"
                >
                  <Avatar name={other} />
                  <bdi className="truncate">{other}</bdi>
                </button>
              </li>
            ))}
          </ul>
        )}
        <form onSubmit={submit} className="space-y-1.5">
          <label htmlFor={id} className="font-medium text-sm">
            {others.length > 0 || profile ? "Another name" : "Your name"}
          </label>
          <div className="flex gap-2">
            <input
              id={id}
              value={name}
              maxLength={maxNameChars}
              onChange={(event) => setName(event.target.value)}
              autoComplete="name"
              placeholder="Ana Duarte"
              className={fieldClass}
            />
            <Button look="primary" type="submit" disabled={isSaving || name.trim() === ""}>
              Use
            </Button>
          </div>
        </form>
        {error && <Notice tone="error">{error}</Notice>}
        <p className="text-ink-3 text-xs">
          All windows of one browser share the profile. For a second person on this machine, use a private
          window or another browser.
        </p>
      </div>
    </Modal>
  );
}
