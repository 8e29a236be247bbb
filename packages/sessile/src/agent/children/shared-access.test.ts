import { expect, test } from "vitest";
import type { SessionAccess } from "../../protocol/index.ts";
import { sharedAccess } from "./shared-access.ts";

const parent: SessionAccess = {
  ownerId: "ada",
  visibility: "private",
  members: { ben: ["read", "approve", "admin"] },
};
const child: SessionAccess = { ownerId: "session:a/b", visibility: "private", members: { cleo: ["read"] } };

test("RN31 the people of the parent have their rights in the child, but for admin; who is none of them any more has none", () => {
  const members = { ada: ["read", "write", "approve"], ben: ["read", "approve"] } as const;
  expect(sharedAccess(parent, child)).toEqual({ visibility: "private", members: { ...members, cleo: [] } });
  expect(sharedAccess(parent, { ...child, members })).toBeNull();
  expect(sharedAccess({ ...parent, visibility: "public" }, { ...child, members })).toMatchObject({
    visibility: "public",
  });
});
