import type { ComponentPropsWithRef, MouseEvent } from "react";
import { navigate } from "./location.ts";

type LinkProps = ComponentPropsWithRef<"a"> & { readonly href: string };

/** An anchor that stays in the app, unless the reader asks for a new tab. */
export function Link({ onClick, ...rest }: LinkProps) {
  const open = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const wantsTab = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (event.defaultPrevented || wantsTab || rest.target) return;
    event.preventDefault();
    navigate(rest.href);
  };
  const anchor = { ...rest, onClick: open };
  return <a {...anchor} />;
}
