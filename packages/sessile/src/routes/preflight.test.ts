import { describe, expect, test } from "vitest";
import { mayAuthorize } from "./open-to-all.ts";
import { configProblems } from "./preflight.ts";

const problems = (config: object): readonly string[] =>
  configProblems({
    path: "wrangler.jsonc",
    text: JSON.stringify({ compatibility_date: "2026-11-01", ...config }),
  });

const bound = (className: string, more: object = {}) => ({
  durable_objects: { bindings: [{ name: "CHAT", class_name: className, ...more }] },
});
const database = (id?: string) => ({
  d1_databases: [{ binding: "DB", database_name: "db", ...(id === undefined ? {} : { database_id: id }) }],
});

describe("FR23: what would break a deploy", () => {
  test.each([
    ["no date", { compatibility_date: undefined }, "compatibility_date"],
    ["a class that no migration makes", bound("Chat"), "no migration leaves that class"],
    [
      "a class that a migration deletes",
      {
        ...bound("Chat"),
        migrations: [
          { tag: "v1", new_sqlite_classes: ["Chat"] },
          { tag: "v2", deleted_classes: ["Chat"] },
        ],
      },
      "no migration leaves that class",
    ],
    [
      "the former name of a class",
      {
        ...bound("Chat"),
        migrations: [
          { tag: "v1", new_classes: ["Chat"] },
          { tag: "v2", renamed_classes: [{ from: "Chat", to: "Talk" }] },
        ],
      },
      "binds CHAT to Chat",
    ],
    ["an id that is to be filled in", database("<your id>"), '"<your id>" is no database_id of DB'],
    ["an id of zeros", database("00000000-0000-0000-0000-000000000000"), "is no database_id of DB"],
  ])("%s is named", (_, config, words) => {
    expect(problems(config)).toEqual([expect.stringContaining(words)]);
  });

  test.each([
    [
      "a class that a migration makes",
      { ...bound("Chat"), migrations: [{ tag: "v1", new_sqlite_classes: ["Chat"] }] },
    ],
    ["another Worker's class", bound("Chat", { script_name: "other" })],
    ["a database that is found by its name", database()],
    ["a database's id", database("0e0b0c66-58a2-4d5c-9d0f-7a1c2b3d4e5f")],
  ])("%s is in order", (_, config) => {
    expect(problems(config)).toEqual([]);
  });
});

test.each([
  ["export default { chat: { kind: 'chat' } };", false],
  ["const options: Options = {}; export default options;", false],
  ["const options = { identify }; export default options satisfies Options;", false],
  ["export default { authorize: ({ actor }) => actor !== null } as const;", true],
  ["const options: Options = { authorize }; export default options;", true],
  ["export default { ...shared };", true],
  ["export default optionsOf('staff');", true],
  ["export { options as default } from './elsewhere.ts';", true],
])("FR26: of the options %s it is told that they may have an authorizer: %s", (text, told) => {
  expect(mayAuthorize({ path: "sessions/options.ts", text })).toBe(told);
});
