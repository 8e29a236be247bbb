import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { navigate, useLocation } from "../router/location.ts";
import { type Filters, hrefOf, parseFilters } from "./filters.ts";

const typingMs = 180;

/** The filters in the page's address, and a search text that reaches it once the typing pauses. */
export function useFilters() {
  const { search } = useLocation();
  const filters = useMemo(() => parseFilters(search), [search]);
  const [text, setText] = useState(filters.q);
  const written = useRef(filters.q);

  // The address changed by other means than typing: back, a link, "clear".
  useEffect(() => {
    if (filters.q !== written.current) {
      written.current = filters.q;
      setText(filters.q);
    }
  }, [filters.q]);

  useEffect(() => {
    if (text === written.current) return;
    const timer = setTimeout(() => {
      written.current = text;
      navigate(hrefOf({ ...filters, q: text }), { replace: true });
    }, typingMs);
    return () => clearTimeout(timer);
  }, [text, filters]);

  const setFilters = useCallback((next: Filters) => navigate(hrefOf(next), { replace: true }), []);
  const clear = useCallback(() => {
    written.current = "";
    setText("");
    navigate("/", { replace: true });
  }, []);

  return { filters, setFilters, text, setText, clear };
}
