import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bin, root, run, StepFailed } from "./run.ts";

export interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly info: string;
  readonly code: string;
}

/** Beside `docs/`, so that relative imports in the pages mean the same as for a reader. */
const folder = join(root, "docs", ".checked");
const options = {
  extends: "../../tsconfig.base.json",
  compilerOptions: {
    composite: false,
    noEmit: true,
    // Against what users get, not the sources: those are checked by their own projects, each with its own platform's types.
    customConditions: [],
    jsx: "react-jsx",
    // The kinds as folders that pages speak of.
    paths: { "@sessions/*": ["../../apps/minimal/.sessions/*.ts"] },
    lib: ["ES2024", "DOM", "DOM.Iterable"],
    types: ["@cloudflare/workers-types", "react"],
    noUnusedLocals: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
  },
  include: ["**/*.ts", "**/*.tsx"],
};

/** Type-checks every `ts` and `tsx` block of the documentation, parses every JSON one, and compares those that quote a file. */
export async function checkDocs(): Promise<void> {
  const blocks = globSync(["*.md", "docs/*.md", "packages/*/README.md"], { cwd: root }).flatMap(readBlocks);
  for (const block of blocks) checkQuote(block);
  for (const block of blocks.filter(({ language }) => language === "json")) parseJson(block);
  const code = blocks.filter(({ language }) => language === "ts" || language === "tsx");
  rmSync(folder, { recursive: true, force: true });
  try {
    writeBlocks(code);
    await run(bin("tsc"), ["-p", folder]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${code.length} code blocks compile`);
}

/** The page whose `Chat` is meant by pages that show only a client. */
const firstPage = join("docs", "getting-started.md");

/** Each page's blocks lie in a folder of their own; `./worker.ts` is the page's own `Chat`, or the first page's. */
function writeBlocks(blocks: readonly Block[]): void {
  const chats = blocks.filter(({ code }) => code.includes("class Chat "));
  for (const [index, block] of blocks.entries()) {
    const page = join(folder, block.file.replace(/\W/g, "_"));
    mkdirSync(page, { recursive: true });
    writeFileSync(
      join(page, `block-${index}-line-${block.line}.${block.language}`),
      block.code.replaceAll("../apps/", "../../../apps/"),
    );
    const chat =
      chats.find(({ file }) => file === block.file) ?? chats.find(({ file }) => file === firstPage);
    if (chat) writeKind(page, chat.code);
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
}

/** A kind as a Worker of one's own exports it, and as a folder does. */
function writeKind(page: string, code: string): void {
  writeFileSync(join(page, "worker.ts"), code.replace("export default class", "export class"));
  mkdirSync(join(page, "sessions/chat"), { recursive: true });
  writeFileSync(join(page, "sessions/chat/session.ts"), code);
}

export function readBlocks(file: string): Block[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length,
    language: match[1] ?? "",
    info: match[2]?.trim() ?? "",
    code: match[3] ?? "",
  }));
}

function checkQuote({ file, line, info, code }: Block): void {
  const quoted = /file=(\S+)/.exec(info)?.[1];
  if (quoted && readFileSync(join(root, quoted), "utf8") !== code)
    throw new StepFailed(`${file}:${line} is not what ${quoted} holds`);
}

/** One document, or one a line. */
function parseJson({ file, line, code }: Block): void {
  if (isJson(code) || code.trim().split("\n").every(isJson)) return;
  throw new StepFailed(`${file}:${line} is not JSON`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
