import { sandboxOutcomeHeader } from "../../protocol/sandbox.ts";

const mainModule = "main.js";
const codeModule = "code.js";

/**
 * The throw-away Worker around some code. The code is a module of its own, loaded by the request, so that what does not compile is told
 * like what throws.
 */
export function sandboxWorker(code: string) {
  return {
    compatibilityDate: "2026-11-01",
    mainModule,
    modules: {
      [mainModule]: mainSource,
      [codeModule]: `export default async (input, console) => {\n${code}\n};\n`,
    },
  };
}

/** Lines beyond this are not kept, so that a talkative loop ends by its time and not by its memory. */
const maxConsoleChars = 1_000_000;

const mainSource = `
const shown = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? String(value)));
export default {
  async fetch(request) {
    const lines = [];
    let room = ${maxConsoleChars};
    const write = (...values) => {
      if (room <= 0) return;
      const line = values.map(shown).join(" ");
      room -= line.length + 1;
      lines.push(line);
    };
    const console = { log: write, info: write, debug: write, warn: write, error: write };
    let outcome = "done";
    try {
      const { default: run } = await import("./${codeModule}");
      const value = await run(await request.json(), console);
      if (value !== undefined) lines.push(JSON.stringify(value) ?? String(value));
    } catch (thrown) {
      outcome = "threw";
      lines.push(String(thrown));
    }
    return new Response(lines.join("\\n"), { headers: { "${sandboxOutcomeHeader}": outcome } });
  },
};
`;
