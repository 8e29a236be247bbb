import { expect, test } from "vitest";
import { readSessionSource } from "./session-source.ts";

const path = "sessions/chat/session.ts";
const read = (text: string) => readSessionSource({ path, text });

test("FR1: the class and the kind are read from the source, however it is exported", () => {
  const wanted = { className: "Chat", kind: "chat" };
  for (const text of [
    'import { Session } from "sessile";\nexport default class Chat extends Session<unknown> {\n  override readonly kind = "chat" as const;\n}',
    'class Chat extends X<{ a: 1 }> { kind = "chat" }\nexport default Chat;',
    'export class Chat { readonly kind = "chat" satisfies string }\nexport { Chat as default };',
    '@tag export default abstract class Chat { static kind = "no"; abstract x: string; kind = "chat" }',
  ])
    expect(read(text)).toEqual(wanted);
});

test("FR1: a class that extends our Agent has its name as its kind, unless it declares another", () => {
  const agent = (imported: string, extended: string, body = "") =>
    read(
      `import { ${imported} } from "sessile";\nexport default class ChatAgent extends ${extended}<E> { ${body} }`,
    );
  const moved = { className: "ChatAgent", kind: "chat-agent" };
  expect([agent("Agent", "Agent"), agent("Agent as Base", "Base")]).toEqual([moved, moved]);
  expect(agent("Agent", "Agent", 'override readonly kind = "chat";')).toEqual({ ...moved, kind: "chat" });
});

test.each([
  ["nothing", "export class Chat {}", "no default export"],
  ["a function", "export default function chat() {}", "not a class"],
  ["another file's class", 'import Chat from "./chat.ts";\nexport default Chat;', "not a class of this file"],
  ["no name", 'export default class { kind = "chat" }', "no name"],
  ["a computed kind", "export default class Chat { kind = `ch` + at }", "not a literal"],
  ["no kind", "export default class Chat {}", "declares no kind"],
  [
    "somebody else's Agent",
    'import { Agent } from "agents";\nexport default class Chat extends Agent {}',
    "declares no kind",
  ],
  ["a class that is no binding", 'export default class Chät { kind = "chat" }', "cannot become a binding"],
  ["no TypeScript", "export default class Chat {", "not TypeScript"],
])("FR1: %s is refused with the file's name and what it must contain", (_, text, reason) => {
  const refused = expect.objectContaining({
    code: "invalid_source",
    files: [path],
    message: expect.stringMatching(new RegExp(`^${path}.*${reason}`)),
  });
  expect(() => read(text)).toThrow(refused);
});
