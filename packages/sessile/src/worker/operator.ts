const header = "sessile-operator";
const thisMachine: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** The embedded server binds its data folder's token, if only this machine reaches it. */
interface OperatorBinding {
  readonly SESSILE_OPERATOR?: string;
}

/** A header and no cookie: a page of another origin cannot make a browser send it. */
export async function isOperator(request: Request, env: unknown): Promise<boolean> {
  const given = request.headers.get(header);
  const { SESSILE_OPERATOR: token } = env as OperatorBinding;
  if (given === null || !token || !thisMachine.has(new URL(request.url).hostname)) return false;
  const [one, other] = await Promise.all([digestOf(given), digestOf(token)]);
  return one === other;
}

/** How long texts take to compare tells where they differ; of their digests that is no help. */
async function digestOf(text: string): Promise<string> {
  return String(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
