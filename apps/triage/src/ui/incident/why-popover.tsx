import { Popover } from "radix-ui";
import { useState } from "react";
import type { IncidentDetail } from "../../contract/api.ts";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { Button } from "../parts/button.tsx";
import { WhyText } from "./why-text.tsx";

export function WhyPopover({ why }: { readonly why: IncidentDetail["why"] }) {
  const [open, setOpen] = useState(false);
  useShortcuts({ w: () => setOpen(true) });
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button look="quiet" size="sm" icon="help">
          Why is this one incident?
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          collisionPadding={12}
          aria-label="Why is this one incident?"
          className="z-40 w-[min(30rem,calc(100vw-1.5rem))] animate-rise rounded-lg border border-line bg-raised p-4 shadow-float"
        >
          <WhyText why={why} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
