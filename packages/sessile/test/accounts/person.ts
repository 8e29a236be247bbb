import type { Server } from "node:http";
import { LocalServer } from "../local-server.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes, and a wrong one fails them
  readonly body: any;
}

/** Somebody with a cookie jar of their own, as a browser has one. */
export class Person {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();
  id = "";

  constructor(url: string) {
    this.#url = url;
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const response = await fetch(path.startsWith("http") ? path : `${this.#url}${path}`, {
      method,
      redirect: "manual",
      headers: {
        origin: this.#url,
        ...(this.#cookies.size === 0 ? {} : { cookie: this.cookie }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  /** Begins without an account. */
  async anonymously(): Promise<this> {
    const { body } = await this.ask("POST", "/api/auth/sign-in/anonymous", {});
    this.id = body.user.id;
    return this;
  }

  /** Goes to the provider and back, as its redirects say. */
  async throughProvider(): Promise<this> {
    const { body } = await this.ask("POST", "/api/auth/sign-in/social", {
      provider: "local",
      callbackURL: "/",
    });
    if (!body.url) throw new Error(`no way to the provider: ${JSON.stringify(body)}`);
    const consent = await fetch(body.url, { redirect: "manual" });
    await this.ask("GET", consent.headers.get("location") ?? "");
    this.id = (await this.ask("GET", "/api/auth/get-session")).body.user.id;
    return this;
  }
}

/** An OAuth provider on this machine, which lets in whoever `next` is. */
export class Provider extends LocalServer {
  next = { sub: "1", name: "Ada", email: "ada@example.test", email_verified: true };

  constructor(http: Server) {
    super(http);
    http.on("request", (request, response) => {
      const url = new URL(request.url ?? "/", this.url);
      if (url.pathname === "/authorize") {
        const back = new URL(url.searchParams.get("redirect_uri") ?? "");
        back.search = `?code=c&state=${encodeURIComponent(url.searchParams.get("state") ?? "")}`;
        response.writeHead(302, { location: back.href }).end();
        return;
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify(
          url.pathname === "/token"
            ? { access_token: "t", token_type: "Bearer" }
            : { id: this.next.sub, ...this.next },
        ),
      );
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
