import { Agent, request } from "node:http";
import { inside } from "../../attack/inside.ts";
import type { Fixture } from "../../workerd/start.ts";
import type { FuzzTarget } from "../fuzz.ts";
import type { Hostile } from "../hostile.ts";
import { importedNames } from "./hostile-bodies.ts";
import { requestOf, type SentRequest } from "./hostile-request.ts";

/** Every route of a real server, with something wrong in its path, query, headers or body. */
export function httpRoutes(fixture: Fixture): FuzzTarget {
  return httpTarget({
    name: "http",
    weight: 15,
    url: fixture.url,
    requestOf,
    finish: () => assertSound(fixture),
  });
}

export interface HttpTargetOptions extends Pick<FuzzTarget, "name" | "weight" | "finish"> {
  readonly url: string;
  readonly requestOf: (hostile: Hostile) => SentRequest;
}

/** Requests to a server: it answers each, none with a failure of its own or anything of its inside. */
export function httpTarget({ url, requestOf, finish, ...rest }: HttpTargetOptions): FuzzTarget {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  return {
    ...rest,
    parallel: 8,
    async attempt(hostile, note) {
      const sent = requestOf(hostile);
      note({ ...sent, body: sent.body === null ? null : String(sent.body) });
      const { status, head, text } = await send(url, agent, sent);
      if (status >= 500 || status < 200) throw new Error(`answered ${status} ${text}`);
      // A tool's failure is an answer like any other.
      if (sent.path.startsWith("/mcp") && /\\"code\\":\\"internal/.test(text))
        throw new Error(`failed: ${text}`);
      if (status >= 400 && inside.test(head + text)) throw new Error(`shows its inside: ${head} ${text}`);
    },
    async finish() {
      agent.destroy();
      await finish?.();
    },
  };
}

/** The server goes on, and no session has failed at anything it did not mean to refuse, those from hostile files included. */
async function assertSound(fixture: Fixture): Promise<void> {
  for (const name of ["fuzzed", ...importedNames]) {
    const { body } = await fixture.ask("GET", `notes/${name}/log?level=error&limit=1000`, {
      headers: { "x-test-user": "ada" },
    });
    if (body.items.length > 0)
      throw new Error(`the operator log of ${name} has errors: ${JSON.stringify(body.items)}`);
  }
}

async function send(
  url: string,
  agent: Agent,
  { method, path, headers, body }: SentRequest,
): Promise<{ status: number; head: string; text: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    // Without a length, Node would send a body that belongs to no request.
    const length = body === null ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const outgoing = request(
      { hostname, port, method, path, headers: { ...headers, ...length }, agent, timeout: 20_000 },
      (incoming) => {
        const head = JSON.stringify(incoming.rawHeaders);
        const status = incoming.statusCode ?? 0;
        // A stream of events ends when its reader leaves.
        if (incoming.headers["content-type"]?.startsWith("text/event-stream")) {
          outgoing.destroy();
          resolve({ status, head, text: "" });
          return;
        }
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          text += chunk;
        });
        incoming.on("end", () => resolve({ status, head, text }));
        incoming.on("error", reject);
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 20 s")));
    outgoing.on("error", reject);
    outgoing.end(body ?? undefined);
  });
}
