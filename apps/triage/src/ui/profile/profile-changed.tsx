import { Button } from "../parts/button.tsx";
import { Notice } from "../parts/notice.tsx";

/** Stays until the page is loaded anew: whoever comes back to this window must see it before they decide anything. */
export function ProfileChanged() {
  return (
    <div className="pointer-events-auto fixed inset-x-3 bottom-16 z-60 mx-auto max-w-xl shadow-float">
      <Notice
        tone="error"
        title="The profile was changed in another window of this browser"
        actions={
          <Button size="sm" onClick={() => location.reload()}>
            Reload
          </Button>
        }
      >
        Reload to use it here. Until then nothing is done in anybody's name.
      </Notice>
    </div>
  );
}
