import fc from "fast-check";
import { expect, test } from "vitest";
import { bindingOf } from "./class-name.ts";
import { GenerateError } from "./generate-error.ts";
import { type Lockfile, parseLock } from "./lockfile.ts";
import { type Plan, type Project, planGeneration } from "./plan.ts";
import type { SourceFile } from "./source-file.ts";

/** A project of kinds, `[folder, class, kind]` each, and whatever else it holds. */
function project(
  kinds: readonly (readonly [string, string, string])[],
  { others = [], config, lock }: { others?: readonly string[]; config?: string; lock?: string } = {},
): Project {
  const sources = kinds.map(([folder, className, kind]) =>
    file(`sessions/${folder}/session.ts`, sessionText(className, kind)),
  );
  return {
    sources: [...sources, ...others.map((path) => file(`sessions/${path}`, ""))],
    lock: lock === undefined ? null : file("sessions.lock.json", lock),
    config: config === undefined ? null : file("wrangler.jsonc", config),
  };
}

const file = (path: string, text: string): SourceFile => ({ path, text });
const sessionText = (className: string, kind: string) =>
  `import { Session } from "sessile";\nexport default class ${className} extends Session<unknown, { n: number }> {\n  override readonly kind = "${kind}" as const;\n  readonly initialState = { n: 0 };\n}\n`;

const textOf = (plan: Plan, path: string): string =>
  plan.files.find((each) => each.path === path)?.text ?? "";
const lockOf = (plan: Plan): Lockfile => parseLock(textOf(plan, "sessions.lock.json"));
const configOf = (plan: Plan) => JSON.parse(textOf(plan, "wrangler.jsonc"));

/** The project after its plan was written, with other kinds. */
function after(plan: Plan, kinds: readonly (readonly [string, string, string])[]): Project {
  return project(kinds, {
    lock: textOf(plan, "sessions.lock.json"),
    config: textOf(plan, "wrangler.jsonc"),
  });
}

function failure(act: () => unknown): GenerateError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof GenerateError) return thrown;
    throw thrown;
  }
  throw new Error("nothing failed");
}

test("FR1: a kind that is no kind is refused with the file's name", () => {
  const text = 'export default class Chat { kind = "Chat!" }';
  const error = failure(() =>
    planGeneration({ ...project([]), sources: [file("sessions/chat/session.ts", text)] }),
  );
  expect(error).toMatchObject({ code: "invalid_source", files: ["sessions/chat/session.ts"] });
  expect(error.message).toMatch(/^sessions\/chat\/session\.ts: "Chat!" is not a kind/);
});

test("FR2: the address is the folders' names without groups, whose middleware stays", () => {
  const { manifest } = planGeneration(
    project(
      [
        ["(team)/teams/(inner)/board", "Board", "board"],
        ["chat", "Chat", "chat"],
      ],
      {
        others: [
          "middleware.ts",
          "(team)/middleware.ts",
          "(team)/teams/(inner)/board/middleware.ts",
          "chat/page.tsx",
        ],
      },
    ),
  );
  expect(manifest.kinds).toMatchObject([
    {
      route: "teams/board",
      middleware: [
        "sessions/middleware.ts",
        "sessions/(team)/middleware.ts",
        "sessions/(team)/teams/(inner)/board/middleware.ts",
      ],
      page: null,
    },
    { route: "chat", middleware: ["sessions/middleware.ts"], page: "sessions/chat/page.tsx" },
  ]);
});

test.each([
  ["Chat", "CHAT"],
  ["ChatAgent", "CHAT_AGENT"],
  ["SIRTSession", "SIRT_SESSION"],
  ["HTTP2Proxy", "HTTP2_PROXY"],
  ["AIAgentV2", "AI_AGENT_V2"],
  ["Room101Board", "ROOM101_BOARD"],
])("FR3: %s is bound as %s", (className, binding) => {
  expect(bindingOf(className)).toBe(binding);
});

test.each([
  ["v1", "Chat", "chat", "reserved"],
  ["agents/chat", "Chat", "chat", "reserved"],
  ["(group)/api", "Chat", "chat", "reserved"],
  ["env", "Chat", "chat", "reserved"],
  ["chat/_inner", "Chat", "chat", "reserved"],
  ["chat", "SessileRecord", "chat", "reserved"],
  ["chat", "Assets", "chat", "reserved"],
  ["chat", "Chat", "stream", "reserved"],
  ["Chat", "Chat", "chat", "invalid_route"],
  ["[name]", "Chat", "chat", "invalid_route"],
  ["(only)", "Chat", "chat", "invalid_route"],
])("FR4: sessions/%s with class %s of kind %s is refused: %s", (folder, className, kind, code) => {
  const error = failure(() => planGeneration(project([[folder, className, kind]])));
  expect(error).toMatchObject({ code, files: [`sessions/${folder}/session.ts`] });
  expect(error.message).toContain(`sessions/${folder}/session.ts`);
});

test("FR4: a page without a kind beside it is refused", () => {
  expect(failure(() => planGeneration(project([], { others: ["chat/page.tsx"] })))).toMatchObject({
    code: "invalid_route",
    files: ["sessions/chat/page.tsx"],
  });
});

test.each([
  ["kind", ["a", "One", "same"], ["b", "Two", "same"]],
  ["route", ["(x)/a", "One", "one"], ["(y)/a", "Two", "two"]],
  ["binding", ["a", "ChatAgent", "one"], ["b", "CHATAgent", "two"]],
  ["binding", ["a", "Chat", "one"], ["b", "Chat", "two"]],
] as const)("FR5: two files with one %s are refused with both names", (field, one, two) => {
  const error = failure(() => planGeneration(project([one, two])));
  expect(error.code).toBe("duplicate");
  expect(error.message).toContain(field);
  for (const [folder] of [one, two]) expect(error.message).toContain(`sessions/${folder}/session.ts`);
  expect([...error.files].sort()).toEqual(
    [one, two].map(([folder]) => `sessions/${folder}/session.ts`).sort(),
  );
});

const word = fc.stringMatching(/^[a-z]{3,8}$/);
const folders = fc
  .uniqueArray(fc.record({ name: word, group: fc.boolean(), below: fc.option(word, { nil: undefined }) }), {
    selector: ({ name }) => name,
    maxLength: 6,
  })
  .map((each) =>
    each.map(({ name, group, below }) => {
      const folder = `${group ? `(g-${name})/` : ""}x-${name}${below === undefined ? "" : `/${below}`}`;
      return [folder, `${name[0]?.toUpperCase()}${name.slice(1)}Kind`, `k-${name}`] as const;
    }),
  );

test("FR6: the plan depends on what the files hold alone, not on their order, and applied once it changes nothing", () => {
  fc.assert(
    fc.property(folders, fc.boolean(), (kinds, hasConfig) => {
      const config = hasConfig ? '{\n  // mine\n  "name": "app",\n}\n' : undefined;
      const first = project(kinds, config === undefined ? {} : { config });
      const plan = planGeneration(first);
      expect(planGeneration({ ...first, sources: [...first.sources].reverse() })).toEqual(plan);
      const { recorded, added } = plan.migrations;
      const migrations = { recorded: [...recorded, ...added], added: [] };
      expect(planGeneration(after(plan, kinds))).toEqual({ ...plan, migrations });
    }),
    { numRuns: 100 },
  );
});

test("FR7: any history of kinds and class names is appended to, and folds to the classes there are", () => {
  const classNames = fc.constantFrom("Alpha", "Beta", "Gamma", "Delta");
  const state = fc
    .uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c"), classNames), {
      selector: ([, name]) => name,
      maxLength: 4,
    })
    .map((each) => [...new Map(each)].map(([kind, name]) => [kind, name, kind] as const));
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), (history) => {
      let plan = planGeneration(project([]));
      for (const kinds of history) {
        const before = lockOf(plan);
        try {
          plan = planGeneration(after(plan, kinds), { allowDelete: true });
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "class_cycle" });
          continue;
        }
        const lock = lockOf(plan);
        expect(lock.migrations.slice(0, before.migrations.length)).toEqual(before.migrations);
        expect(lock.classes).toEqual(Object.fromEntries(kinds.map(([kind, name]) => [kind, name])));
        expect(applied(configOf(plan).migrations ?? [])).toEqual(new Set(kinds.map(([, name]) => name)));
        const bound = (configOf(plan).durable_objects?.bindings ?? []).map(
          (each: { class_name: string }) => each.class_name,
        );
        expect(bound.sort()).toEqual(kinds.map(([, name]) => name).sort());
      }
    }),
    { numRuns: 200 },
  );
});

/** The classes that Cloudflare has after a list of migrations; throws where it would refuse one. */
function applied(
  migrations: readonly {
    readonly new_sqlite_classes?: string[];
    readonly renamed_classes?: { from: string; to: string }[];
    readonly deleted_classes?: string[];
  }[],
): Set<string> {
  const classes = new Set<string>();
  for (const each of migrations) {
    for (const name of each.deleted_classes ?? [])
      if (!classes.delete(name)) throw new Error(`${name} is not there`);
    for (const { from, to } of each.renamed_classes ?? []) {
      if (!classes.delete(from) || classes.has(to)) throw new Error(`${from} cannot become ${to}`);
      classes.add(to);
    }
    for (const name of each.new_sqlite_classes ?? []) {
      if (classes.has(name)) throw new Error(`${name} is there`);
      classes.add(name);
    }
  }
  return classes;
}

test("FR7: a class with a new name is a rename, even where its folder moved or its capitals alone changed; a chain of them takes each name when it is free", () => {
  const first = planGeneration(
    project([
      ["a", "One", "a"],
      ["b", "Two", "b"],
      ["c", "SirtSession", "c"],
    ]),
  );
  const second = planGeneration(
    after(first, [
      ["moved", "Two", "a"],
      ["b", "Three", "b"],
      ["c", "SIRTSession", "c"],
    ]),
  );
  expect(configOf(second).migrations).toEqual([
    { tag: "sessions-0001", new_sqlite_classes: ["One", "Two", "SirtSession"] },
    { tag: "sessions-0002", renamed_classes: [{ from: "Two", to: "Three" }] },
    { tag: "sessions-0003", renamed_classes: [{ from: "SirtSession", to: "SIRTSession" }] },
    { tag: "sessions-0004", renamed_classes: [{ from: "One", to: "Two" }] },
  ]);
  expect(configOf(second).durable_objects.bindings).toEqual([
    { name: "TWO", class_name: "Two" },
    { name: "THREE", class_name: "Three" },
    { name: "SIRT_SESSION", class_name: "SIRTSession" },
  ]);
});

test("FR7: bindings that are no longer wanted leave those around them, comments too, as they are", () => {
  const one = planGeneration(
    project([
      ["a", "Gamma", "a"],
      ["b", "Alpha", "b"],
      ["c", "Delta", "c"],
    ]),
  );
  const laidOut = textOf(one, "wrangler.jsonc")
    .replace('"Gamma" },', '"Gamma" }, // the first, and oldest')
    .replace(/"Delta" \}\s*\]/, '"Delta" } /* the last */]');
  const kept = planGeneration(
    project([["a", "Gamma", "a"]], { lock: textOf(one, "sessions.lock.json"), config: laidOut }),
    { allowDelete: true },
  );
  expect(textOf(kept, "wrangler.jsonc")).toContain('"class_name": "Gamma" } // the first, and oldest\n');
  const none = planGeneration(after(one, []), { allowDelete: true });
  expect(configOf(none).durable_objects.bindings).toEqual([]);
});

test("FR7: classes that exchange their names are refused", () => {
  const plan = planGeneration(
    project([
      ["a", "One", "a"],
      ["b", "Two", "b"],
    ]),
  );
  expect(
    failure(() =>
      planGeneration(
        after(plan, [
          ["a", "Two", "a"],
          ["b", "One", "b"],
        ]),
      ),
    ),
  ).toMatchObject({
    code: "class_cycle",
  });
});

test.each([
  ["not JSON", "{"],
  ["another version", '{"version":2,"migrations":[],"classes":{}}'],
  ["classes that nothing made", '{"version":1,"migrations":[],"classes":{"a":"A"}}'],
  [
    "a migration taken out",
    '{"version":1,"migrations":[{"tag":"sessions-0002","created":{"a":"A"}}],"classes":{"a":"A"}}',
  ],
  [
    "a rename of nothing",
    '{"version":1,"migrations":[{"tag":"sessions-0001","renamed":{"kind":"a","from":"A","to":"B"}}],"classes":{"a":"B"}}',
  ],
])("FR7: a lockfile with %s is refused", (_, lock) => {
  expect(failure(() => planGeneration(project([], { lock })))).toMatchObject({ code: "invalid_lock" });
});

test("FR8: a kind that is gone is refused with its class, unless its storage may go", () => {
  const plan = planGeneration(
    project([
      ["a", "One", "a"],
      ["b", "Two", "b"],
    ]),
  );
  const error = failure(() => planGeneration(after(plan, [["b", "Two", "b"]])));
  expect(error.code).toBe("storage_deletion");
  expect(error.message).toContain("a (One)");
  const allowed = planGeneration(after(plan, [["b", "Two", "b"]]), { allowDelete: true });
  expect(configOf(allowed).migrations.at(-1)).toEqual({ tag: "sessions-0002", deleted_classes: ["One"] });
  expect(configOf(allowed).durable_objects.bindings).toEqual([{ name: "TWO", class_name: "Two" }]);
});

test("FR9: comments and everything of the user's stays, and only what is missing is added", () => {
  const config = `{
  // the app
  "name": "app",
  "main": "src/worker.ts",
  "durable_objects": {
    "bindings": [
      // lists that follow along
      { "name": "SESSILE_FEED", "class_name": "DirectoryFeed" }
    ]
  },
  "migrations": [
    { "tag": "v1", "new_sqlite_classes": ["DirectoryFeed", "Chat"] } // before there were folders
  ]
}
`;
  const plan = planGeneration(
    project(
      [
        ["chat", "Chat", "chat"],
        ["board", "Board", "board"],
      ],
      { config },
    ),
  );
  const text = textOf(plan, "wrangler.jsonc");
  expect(text).toBe(
    config
      .replace(
        '"DirectoryFeed" }\n',
        '"DirectoryFeed" },\n      { "name": "BOARD", "class_name": "Board" },\n      { "name": "CHAT", "class_name": "Chat" }\n',
      )
      .replace(
        '"Chat"] } // before there were folders',
        '"Chat"] }, // before there were folders\n    { "tag": "sessions-0002", "new_sqlite_classes": ["Board"] }',
      ),
  );
  expect(lockOf(plan).migrations).toEqual([
    { tag: "sessions-0001", adopted: { chat: "Chat" } },
    { tag: "sessions-0002", created: { board: "Board" } },
  ]);
});

test("FR9: a class that was taken over and then renamed or deleted is there no more: a kind with its name is new", () => {
  const config = '{ "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Chat"] }] }';
  const first = planGeneration(project([["chat", "Chat", "chat"]], { config }));
  for (const without of [[["chat", "Talk", "chat"]], []] as const) {
    const second = planGeneration(after(first, without), { allowDelete: true });
    const third = planGeneration(after(second, [...without, ["other", "Chat", "other"]]));
    expect(configOf(third).migrations.at(-1)).toEqual({ tag: "sessions-0003", new_sqlite_classes: ["Chat"] });
  }
});

test("FR9: a binding of the user's that a kind needs for another class is refused with both files", () => {
  const config = '{ "durable_objects": { "bindings": [{ "name": "CHAT", "class_name": "Other" }] } }';
  expect(failure(() => planGeneration(project([["chat", "Chat", "chat"]], { config })))).toMatchObject({
    code: "duplicate",
    files: ["wrangler.jsonc", "sessions/chat/session.ts"],
  });
});

test("FR9: a migration that was changed, and a configuration that is none, are refused", () => {
  const plan = planGeneration(project([["chat", "Chat", "chat"]]));
  const changed = textOf(plan, "wrangler.jsonc").replace('"new_sqlite_classes"', '"new_classes"');
  const lock = textOf(plan, "sessions.lock.json");
  for (const config of [changed, "{", '{ "migrations": 1 }'])
    expect(
      failure(() => planGeneration(project([["chat", "Chat", "chat"]], { config, lock }))),
    ).toMatchObject({
      code: "invalid_config",
      files: ["wrangler.jsonc"],
    });
});
