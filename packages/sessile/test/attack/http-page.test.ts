import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { defaultLimits } from "../../src/protocol/limits.ts";
import { routeRules } from "./route-rules.ts";

const page = readFileSync(new URL("../../../../docs/http.md", import.meta.url), "utf8");
const sections = page.split(/^## /m);
const section = (title: string) => sections.find((each) => each.startsWith(`${title}\n`)) ?? "";

/** `METHOD path → right` of each request in a section's tables; parameters are `*`, whatever they are called. */
function shown(title: string, prefix = ""): string[] {
  const rows = [...section(title).matchAll(/^\| (`[A-Z].*?) \| (\S+) \|/gm)];
  return rows.flatMap(([, requests = "", right = ""]) =>
    [...requests.matchAll(/`([A-Z]+)(?: (\/[^?`]*))?[^`]*`/g)].map(
      ([, method, path = ""]) =>
        `${method} ${prefix}${path.replace(/\{\w+\}/g, "*")} → ${right.replaceAll("`", "")}`,
    ),
  );
}

const plain = (route: string) => route.replace(/:\w+(\{[^}]*\})?/g, "*");

test("SE1 the page on HTTP names every route and its right, and no other", () => {
  const told = [
    ...shown("One session", "/v1/sessions/*/*"),
    ...shown("All sessions"),
    ...shown("Streams of their own"),
    ...shown("Chats"),
  ];
  const there = routeRules
    .filter(({ route }) => !/^(?:ALL|OPTIONS) /.test(route))
    .map(({ route, right }) => `${plain(route)} → ${right === "open" ? "—" : right}`);
  expect(told.sort()).toEqual(there.sort());
  for (const address of ["POST /mcp", "/agents/{agent}/{name}", "/{route}/{name}"])
    expect(page).toContain(`\`${address}\``);
});

test("the page on HTTP tells the limits as they are", () => {
  const rows = [...section("Limits").matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, name = "", value = ""] of rows)
    expect([name, Number(value.replaceAll(",", ""))]).toEqual([
      name,
      defaultLimits[name as keyof typeof defaultLimits],
    ]);
});
