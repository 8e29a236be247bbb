import { useEffect, useState } from "react";
import type { Profile } from "../../contract/api.ts";
import { announceProfile, onProfileElsewhere } from "./profile-channel.ts";

/**
 * Whether another window of this browser changed the profile, and with it the cookie this window sends. A change loads that
 * window anew, and it tells only then: what a window says right before it is loaded anew may be lost.
 */
export function useProfileElsewhere(profile: Profile | null): boolean {
  const [isChanged, setChanged] = useState(false);
  useEffect(() => {
    announceProfile(profile);
    // Another name may have the same id.
    return onProfileElsewhere((other) =>
      setChanged(other?.id !== profile?.id || other?.name !== profile?.name),
    );
  }, [profile]);
  return isChanged;
}
