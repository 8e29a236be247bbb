import { shortcutGroups } from "../keyboard/shortcut-list.ts";
import { Modal } from "../parts/modal.tsx";

export function HelpDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  return (
    <Modal open={open} onClose={onClose} title="Keyboard shortcuts">
      <div className="grid gap-x-8 gap-y-5 p-4 sm:grid-cols-2">
        {shortcutGroups.map(({ title, items }) => (
          <section key={title} aria-label={title}>
            <h3 className="mb-1.5 font-medium text-ink-3 text-xs">{title}</h3>
            <dl className="space-y-1.5">
              {items.map(({ keys, does }) => (
                <div key={does} className="flex items-baseline gap-3">
                  <dt className="flex w-20 shrink-0 gap-1">
                    {keys.map((key) => (
                      <kbd
                        key={key}
                        className="min-w-5 rounded border border-line-strong bg-sunken px-1 text-center font-sans text-xs leading-5"
                      >
                        {key}
                      </kbd>
                    ))}
                  </dt>
                  <dd className="text-sm">{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
