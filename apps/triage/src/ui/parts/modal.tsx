import { Dialog } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { cx } from "../lib/class-names.ts";
import { IconButton } from "./button.tsx";

interface ModalProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  /** `side`: a sheet at the right edge, for what is read beside the page. */
  readonly place?: "centre" | "side";
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

const places = {
  centre:
    "animate-rise inset-x-3 top-[8dvh] mx-auto max-h-[84dvh] max-w-xl rounded-xl border border-line md:top-[12dvh]",
  side: "animate-slide-in inset-y-0 right-0 w-full max-w-[min(46rem,100vw)] border-line border-l",
};

export function Modal({
  open,
  onClose,
  title,
  description,
  place = "centre",
  actions,
  children,
}: ModalProps) {
  const bodyRef = useRef<HTMLDivElement>(null);
  const focusFirstField = (event: Event) => {
    const first = bodyRef.current?.querySelector<HTMLElement>("input:not([type=file]), textarea, button");
    if (place === "side" || !first) return;
    event.preventDefault();
    first.focus();
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/35" />
        <Dialog.Content
          data-modal=""
          onOpenAutoFocus={focusFirstField}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={cx("fixed z-50 flex flex-col bg-raised shadow-float outline-none", places[place])}
        >
          <header className="flex items-start gap-2 border-line border-b py-2.5 pr-2 pl-4">
            <div className="min-w-0 flex-1 pt-1">
              <Dialog.Title className="font-semibold text-base">{title}</Dialog.Title>
              {description !== undefined && (
                <Dialog.Description className="text-ink-2 text-sm">{description}</Dialog.Description>
              )}
            </div>
            {actions}
            <Dialog.Close asChild>
              <IconButton icon="close" label="Close" />
            </Dialog.Close>
          </header>
          <div ref={bodyRef} className="min-h-0 flex-1 overflow-y-auto">
            {children}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
