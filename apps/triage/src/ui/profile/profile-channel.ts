import type { Profile } from "../../contract/api.ts";

/** The profile is a cookie, which all windows of a browser share: each tells the others which one it was loaded with. */
const channel =
  typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("sessile.triage.profile");

export function announceProfile(profile: Profile | null): void {
  channel?.postMessage(profile);
}

/** @param listener given the profile that another window was loaded with */
export function onProfileElsewhere(listener: (profile: Profile | null) => void): () => void {
  const hear = ({ data }: MessageEvent<Profile | null>) => listener(data);
  channel?.addEventListener("message", hear);
  return () => channel?.removeEventListener("message", hear);
}
