import { expect, test } from "vitest";
import { hrefOf, parseFilters, toggleFilter } from "./filters.ts";

test("filters survive the address", () => {
  const filters = toggleFilter(
    toggleFilter({ ...parseFilters(""), q: "a&b = ü", sort: "-alerts" }, "severity", "high"),
    "status",
    "new",
  );
  const href = hrefOf(filters);
  expect(parseFilters(href.slice(href.indexOf("?")))).toEqual(filters);
});

test("the plain queue has a plain address", () => {
  expect(hrefOf(parseFilters(""))).toBe("/");
  expect(hrefOf(parseFilters("?sort=-severity&status="))).toBe("/");
});

test("what the address says wrongly is left out", () => {
  const filters = parseFilters("?status=open,closed&severity=__proto__&sort=toString");
  expect(filters).toMatchObject({ status: ["closed"], severity: [], sort: "-severity" });
});

test("a filter toggles off again, and the order of the choice does not matter", () => {
  const empty = parseFilters("");
  const once = toggleFilter(toggleFilter(empty, "severity", "low"), "severity", "critical");
  expect(once.severity).toEqual(["critical", "low"]);
  expect(toggleFilter(toggleFilter(once, "severity", "low"), "severity", "critical")).toEqual(empty);
});
