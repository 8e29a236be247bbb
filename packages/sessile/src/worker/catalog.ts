import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import type { KindOffer } from "../protocol/request.ts";
import type { SessileOptions } from "./options.ts";
import { SessionTarget } from "./session-stub.ts";
import { assertMay } from "./who-may.ts";

/** One kind of session as somebody may know of it. */
export interface CatalogEntry extends KindOffer {
  readonly kind: string;
  /** Where its sessions are, with `{name}` in place of the name. */
  readonly address: string;
  /** Its pretty address; null without one. */
  readonly route: string | null;
  /** Whether a browser gets a page there. */
  readonly hasPage: boolean;
  /** Where it is served to the AI SDK's `useChat`; null if it is not. */
  readonly chat: string | null;
}

/** Any object of a kind tells what it offers, and makes no session of itself for that. */
const asked = "catalog";

/** The kinds of a deployment. What they offer follows from their code, so it is asked for once. */
export class Catalog<Env> {
  readonly #options: SessileOptions<Env>;
  readonly #offers = new Map<string, KindOffer>();

  constructor(options: SessileOptions<Env>) {
    this.#options = options;
  }

  /** @param passes whether the kind's middleware lets the request through */
  async list(
    env: Env,
    actor: Actor | null,
    passes: (kind: string) => Promise<boolean>,
  ): Promise<CatalogEntry[]> {
    const bound = Object.keys(this.#options.kinds).filter(
      (kind) => (env as Readonly<Record<string, unknown>>)[this.#options.kinds[kind]?.binding ?? ""],
    );
    const entries = bound.map(async (kind) =>
      (await passes(kind)) && (await this.#mayRead(env, actor, kind)) ? this.#entry(env, kind) : null,
    );
    return (await Promise.all(entries)).filter((entry) => entry !== null);
  }

  async #mayRead(env: Env, actor: Actor | null, kind: string): Promise<boolean> {
    try {
      await assertMay(this.#options, env, { actor, action: "read", kind });
      return true;
    } catch (thrown) {
      if (thrown instanceof SessileError && !thrown.retryable) return false;
      throw thrown;
    }
  }

  async #entry(env: Env, kind: string): Promise<CatalogEntry> {
    const { kinds, page, chat } = this.#options;
    const { route, page: ownPage } = kinds[kind] ?? {};
    const known = this.#offers.get(kind);
    const offer = known ?? (await new SessionTarget(env, kinds, kind, asked).ask({ op: "describe" }, null));
    this.#offers.set(kind, offer);
    return {
      kind,
      address: `/v1/sessions/${kind}/{name}`,
      route: route === undefined ? null : `/${route}/{name}`,
      hasPage: route !== undefined && (ownPage ?? page) !== undefined,
      chat: chat?.kind === kind ? (chat.path ?? "/api/chat") : null,
      ...offer,
    };
  }
}
