/** The looks that every dropdown menu shares. */
export const menuClass =
  "z-50 max-h-[min(70dvh,var(--radix-dropdown-menu-content-available-height))] min-w-44 animate-rise overflow-y-auto rounded-lg border border-line bg-raised p-1 text-sm shadow-float";
export const menuItemClass =
  "relative flex h-8 select-none items-center gap-2 rounded px-2 pr-3 outline-none data-[highlighted]:bg-hover data-[disabled]:opacity-50";
export const menuLabelClass = "px-2 pt-2 pb-1 font-medium text-2xs text-ink-3";
