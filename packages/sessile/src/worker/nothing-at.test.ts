import { expect, test } from "vitest";
import { nothingAt } from "./nothing-at.ts";

test("who leaves the session's name out is told where the list is", () => {
  expect(nothingAt("/v1/sessions/counter").message).toContain("/v1/sessions?kind=counter");
  expect(nothingAt("/v1/elsewhere").message).toBe("There is nothing at this address.");
});
