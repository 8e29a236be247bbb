import { expect, test } from "vitest";
import { RouteTable } from "./route-table.ts";

const kind = (route: string, defaultName?: string) => ({
  binding: "X",
  route,
  ...(defaultName === undefined ? {} : { defaultName }),
});

test("FR11: the longest route that begins an address has it, with or without a name", () => {
  const table = new RouteTable({
    team: kind("teams"),
    board: kind("teams/board"),
    wall: kind("walls", "main"),
  });
  expect(table.find("/teams/red")).toEqual({ kind: "team", name: "red", suffix: [] });
  expect(table.find("/teams/board/red/a/b")).toEqual({ kind: "board", name: "red", suffix: ["a", "b"] });
  for (const path of ["/teams", "/teams/", "/teams/board", "/teams/board/", "/teams//x", "/other/x", "/", ""])
    expect(table.find(path), path).toBeNull();
  for (const path of ["/walls", "/walls/"])
    expect(table.find(path)).toEqual({ kind: "wall", name: "main", suffix: [] });
  expect(table.find("/walls//x")).toBeNull();
});

test.each(["v1", "v1/x", "agents/board", "_x", "teams/_x", "", "/teams", "teams/", "a//b"])(
  "FR4: the route %j is refused",
  (route) => {
    expect(() => new RouteTable({ board: kind(route) })).toThrow(/route/);
  },
);

test("FR5: two kinds with one route are refused", () => {
  expect(() => new RouteTable({ a: kind("x/y"), b: kind("x/y") })).toThrow('share the route "x/y"');
});
