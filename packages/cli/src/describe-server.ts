import { relative } from "node:path";
import type { Server } from "sessile/node";
import type { Manifest } from "sessile/routes";

/** Where it serves, where its pages and the inspector are, and where the data lies. */
export async function describeServer(server: Server, manifest: Manifest | null): Promise<string> {
  const seconds = (server.startupMs / 1000).toFixed(2);
  const folder = relative(process.cwd(), server.dir);
  const pages = manifest?.kinds.filter(({ page }) => page !== null) ?? [];
  const inspector = `${server.url}/_sessile/inspect`;
  // In the fragment, so that no request carries it.
  const token = server.operatorToken === null ? "" : `#operator=${server.operatorToken}`;
  const lines = [
    `Sessile serves ${server.url} (started in ${seconds} s)`,
    ...pages.map(({ route }) => `  page       ${server.url}/${route}/{name}`),
    ...((await isPage(inspector)) ? [`  inspector  ${inspector}${token}`] : []),
    `The data lies in ${folder.startsWith("..") ? server.dir : folder}. Stop with Ctrl-C.`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Asked, because the Worker has the last word on whether there is one. */
async function isPage(url: string): Promise<boolean> {
  const answer = await fetch(url, { method: "HEAD" }).catch(() => null);
  return answer?.ok === true && (answer.headers.get("content-type") ?? "").startsWith("text/html");
}
