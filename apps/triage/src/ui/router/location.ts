import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
const tell = () => {
  for (const listener of listeners) listener();
};

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener("popstate", tell);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("popstate", tell);
  };
}

const current = () => location.pathname + location.search;

/** Path and query of the page, as one string. */
export function useLocation(): { readonly path: string; readonly search: string } {
  const href = useSyncExternalStore(subscribe, current);
  const at = href.indexOf("?");
  return at < 0 ? { path: href, search: "" } : { path: href.slice(0, at), search: href.slice(at) };
}

export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  if (to === current()) return;
  const samePath = to.split("?", 1)[0] === location.pathname;
  if (options.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  tell();
  if (!samePath) scrollTo(0, 0);
}

export function incidentHref(name: string): string {
  return `/incident/${encodeURIComponent(name)}`;
}
