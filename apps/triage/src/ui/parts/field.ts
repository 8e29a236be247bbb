/** The look of every text field. */
export const fieldClass =
  "w-full rounded-md border border-line-strong bg-surface px-2.5 py-1.5 text-sm text-ink outline-offset-0 disabled:opacity-60";
