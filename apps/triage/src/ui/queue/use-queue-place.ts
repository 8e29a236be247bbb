import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useApp } from "../shell/app-context.ts";

/** The header and the toolbar, which stay above the list. */
const stickyPx = 104;

/**
 * Where somebody is in the queue: kept while they look at an incident, begun anew with another list.
 *
 * @param list told apart by identity
 */
export function useQueuePlace(list: unknown) {
  const { queue } = useApp();
  const [active, setActive] = useState(queue.place.active);
  const boxRef = useRef<HTMLDivElement>(null);
  const shownList = useRef(list);

  useEffect(() => {
    if (shownList.current === list) return;
    shownList.current = list;
    // Another list begins at its top.
    setActive(-1);
    const top = (boxRef.current?.getBoundingClientRect().top ?? 0) + scrollY - stickyPx;
    if (scrollY > top) scrollTo(0, top);
  }, [list]);
  useEffect(() => {
    queue.place.active = active;
  }, [queue, active]);
  useLayoutEffect(() => {
    scrollTo(0, queue.place.scrollY);
    const keep = () => {
      if (location.pathname === "/") queue.place.scrollY = scrollY;
    };
    addEventListener("scroll", keep, { passive: true });
    return () => removeEventListener("scroll", keep);
  }, [queue]);

  const refresh = () => {
    queue.place = { scrollY: 0, active: -1 };
    setActive(-1);
    scrollTo(0, 0);
    queue.refresh();
  };
  return { boxRef, active, setActive, refresh };
}
