import { type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { SessileError } from "../protocol/index.ts";
import { textUpTo } from "./message-tools.ts";
import type { SessionApi } from "./session-api.ts";

const mimeType = "application/x-ndjson";
const maxResourceBytes = 4 * 1024 * 1024;

/** A session's log as a resource, `sessile://{kind}/{name}`; listed are the ones with the newest activity. */
export function registerSessionResource(server: McpServer, kinds: readonly string[], api: SessionApi): void {
  const template = new ResourceTemplate("sessile://{kind}/{name}", {
    list: async () => {
      const [kind = ""] = kinds;
      const { items } = (await api.list({ kind, limit: 100 })) as {
        readonly items: readonly { readonly name: string; readonly title: string }[];
      };
      return {
        resources: items.map(({ name, title }) => ({
          uri: `sessile://${kind}/${encodeURIComponent(name)}`,
          name,
          title,
          mimeType,
        })),
      };
    },
  });
  server.registerResource(
    "session",
    template,
    { title: "A session's log", description: "Every event, as an export.", mimeType },
    async (uri, { kind, name }) => {
      if (!kinds.includes(String(kind)))
        throw new SessileError("not_found", "There is no such kind of session here.");
      const address = { kind: String(kind), sessionId: decodeURIComponent(String(name)) };
      const response = await api.send(api.urlOf(address, "/export"), {});
      const text = await textUpTo(response, maxResourceBytes);
      if (text === null)
        throw new SessileError("limit_exceeded", "This log is too long for a resource. Export it over HTTP.");
      return { contents: [{ uri: uri.href, mimeType, text }] };
    },
  );
}
