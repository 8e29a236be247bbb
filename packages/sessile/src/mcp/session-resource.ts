import { type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { SessileError } from "../protocol/index.ts";
import { textUpTo } from "./message-tools.ts";
import type { SessionApi } from "./session-api.ts";

const mimeType = "application/x-ndjson";
const maxResourceBytes = 4 * 1024 * 1024;
const maxListed = 100;

interface ListedSession {
  readonly kind: string;
  readonly name: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

/** A session's log as a resource, `sessile://{kind}/{name}`; listed are those with the newest activity, of all kinds. */
export function registerSessionResource(server: McpServer, kinds: readonly string[], api: SessionApi): void {
  const template = new ResourceTemplate("sessile://{kind}/{name}", {
    list: async () => {
      const sessions = (await Promise.all(kinds.map((kind) => newestOf(api, kind)))).flat();
      const newest = sessions.toSorted((a, b) => b.updatedAt - a.updatedAt).slice(0, maxListed);
      return {
        resources: newest.map(({ kind, name, title }) => ({
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

/** Of a kind whose sessions the caller may not list, none: the others are listed all the same. */
async function newestOf(api: SessionApi, kind: string): Promise<readonly ListedSession[]> {
  try {
    const { items } = (await api.list({ kind, limit: maxListed })) as {
      readonly items: readonly ListedSession[];
    };
    return items;
  } catch (thrown) {
    if (["unauthenticated", "forbidden", "not_found"].includes(SessileError.from(thrown).code)) return [];
    throw thrown;
  }
}
