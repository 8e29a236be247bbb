import { useEffect } from "react";
import { showToast } from "../parts/toast.ts";
import { onProfileElsewhere } from "./profile-channel.ts";

/** Another window of this browser changed the profile, and with it the cookie this window sends. */
export function useProfileNotice(): void {
  useEffect(
    () =>
      onProfileElsewhere(() =>
        showToast(
          "The profile was changed in another window of this browser. Reload to use it here.",
          "error",
        ),
      ),
    [],
  );
}
