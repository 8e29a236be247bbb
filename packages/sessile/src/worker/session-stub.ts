import type { SessileBindings } from "../object/session-bindings.ts";
import { askSession, type SessionObject, translated } from "../object/session-rpc.ts";
import type { Action } from "../protocol/access.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { assertSessionAddress } from "../protocol/ids.ts";
import type { QuotaStatus } from "../protocol/quota.ts";
import type { RelayAddress } from "../protocol/relay-address.ts";
import {
  actorHeader,
  clientHeader,
  rightsHeader,
  type SessionReplies,
  type SessionRequest,
} from "../protocol/request.ts";
import type { KindOptions } from "./options.ts";

/** What the worker uses of a session object. */
interface SessionStub extends SessionObject {
  fetch(request: Request): Promise<Response>;
}

type RelayOrigin = Omit<RelayAddress, "path" | "streamId">;

/** One session as the worker sees it. */
export class SessionTarget {
  readonly kind: string;
  readonly name: string;
  readonly #env: unknown;
  readonly #options: KindOptions;
  readonly #client: string | undefined;
  #quota: QuotaStatus | null = null;

  /**
   * @param client salted hash of the address the request comes from
   * @throws SessileError `bad_request`, `not_found` for a kind that is not there
   */
  constructor(
    env: unknown,
    kinds: { readonly [kind: string]: KindOptions },
    kind: string,
    name: string,
    client?: string,
  ) {
    assertSessionAddress(kind, name);
    const options = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (!options) throw new SessileError("not_found", "There is no such kind of session.", { field: "kind" });
    this.kind = kind;
    this.name = name;
    this.#env = env;
    this.#options = options;
    this.#client = client;
  }

  /** What is left of the sender's quota, if the session said so. */
  get quota(): QuotaStatus | null {
    return this.#quota;
  }

  /** Runs one request; repeats it after a passing fault, which is safe because commands carry ids. @throws SessileError */
  async ask<Op extends SessionRequest["op"]>(
    request: SessionRequest & { op: Op },
    actor: Actor | null,
  ): Promise<SessionReplies[Op]> {
    const client = this.#client;
    const value = await askSession<Op>(() => this.#stub(), request, {
      actor,
      ...(client === undefined ? {} : { client }),
    });
    if (value !== null && "quota" in value && value.quota) this.#quota = value.quota as QuotaStatus;
    return value;
  }

  /** Hands a request to the object itself: a socket upgrade with what it may do, or a suffix of the pretty address. */
  async forward(
    request: Request,
    actor: Actor | null,
    rights?: readonly Action[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const headers = headersAs(request, actor);
    for (const [name, value] of Object.entries(more)) headers.set(name, value);
    if (rights) headers.set(rightsHeader, rights.join(","));
    if (this.#client !== undefined) headers.set(clientHeader, this.#client);
    const forwarded = new Request(request, { headers });
    // A body can be sent once only, so there is one try.
    return translated(() => this.#stub().fetch(forwarded));
  }

  /** Where readers go that the session's object has no room for; null without the binding. */
  get relays(): { readonly namespace: DurableObjectNamespace; readonly origin: RelayOrigin } | null {
    const { SESSILE_RELAY: namespace } = this.#env as SessileBindings;
    const { binding, jurisdiction = null } = this.#options;
    return namespace ? { namespace, origin: { binding, name: this.name, jurisdiction } } : null;
  }

  #stub(): SessionStub {
    const binding = (this.#env as { readonly [name: string]: unknown })[this.#options.binding] as
      | DurableObjectNamespace
      | undefined;
    if (!binding) {
      throw new SessileError(
        "not_configured",
        `Sessions of kind ${this.kind} are switched off in this deployment: the binding ${this.#options.binding} is missing.`,
      );
    }
    const { jurisdiction, locationHint } = this.#options;
    const namespace = jurisdiction ? binding.jurisdiction(jurisdiction) : binding;
    return namespace.getByName(this.name, locationHint ? { locationHint } : {}) as unknown as SessionStub;
  }
}

/** The request as an object trusts it: with who the worker found it to be from, whatever it said itself. */
export function asActor(request: Request, actor: Actor | null): Request {
  return new Request(request, { headers: headersAs(request, actor) });
}

/** Apart from the request, because making another one takes its body. */
function headersAs(request: Request, actor: Actor | null): Headers {
  const headers = new Headers([...request.headers].filter(([header]) => !header.startsWith("x-sessile-")));
  if (actor) headers.set(actorHeader, encodeURIComponent(JSON.stringify(actor)));
  return headers;
}
