/** The profile is a cookie, which all windows of a browser share: each tells the others, or a note would carry the wrong name. */
const name = "sessile.triage.profile";

export function announceProfile(profileId: string | null): void {
  if (typeof BroadcastChannel === "undefined") return;
  const channel = new BroadcastChannel(name);
  channel.postMessage(profileId);
  channel.close();
}

export function onProfileElsewhere(listener: () => void): () => void {
  if (typeof BroadcastChannel === "undefined") return () => {};
  const channel = new BroadcastChannel(name);
  channel.onmessage = () => listener();
  return () => channel.close();
}
