import { Button } from "../parts/button.tsx";
import { useApp } from "../shell/app-context.ts";
import { Avatar } from "./avatar.tsx";

export function ProfileButton() {
  const { profile, openProfile } = useApp();
  if (!profile) {
    return (
      <Button look="primary" size="sm" icon="user" onClick={openProfile} className="ml-1">
        <span className="max-sm:sr-only">Choose a profile</span>
      </Button>
    );
  }
  return (
    <button
      type="button"
      onClick={openProfile}
      title={`You are ${profile.name}. Switch profile`}
      className="ml-1 flex h-8 max-w-44 items-center gap-2 rounded-full pr-1 hover:bg-hover sm:pr-2.5"
    >
      <Avatar name={profile.name} />
      <span className="sr-only">Profile: </span>
      <bdi className="truncate text-sm max-sm:sr-only">{profile.name}</bdi>
    </button>
  );
}
