import { type QuotaPlan, quotaSubjectOf, tierFor } from "../../object/meter/quota-policy.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { type QuotaStatus, quotaStatusOf } from "../../protocol/quota.ts";
import type { QuotaStore } from "../../record/index.ts";
import { quotaAddressOf, saltedHash } from "../client-address.ts";

/** Quotas as the Worker needs them; who pays for what is the kind's own (`Session.quotas`). */
export interface QuotaOptions<Env> extends QuotaPlan {
  readonly store: (env: Env) => QuotaStore;
  /** A secret of at least 16 characters. Addresses are hashed with it and are nowhere kept as they are. */
  readonly salt: (env: Env) => string;
  /**
   * Where a request comes from. Default: `CF-Connecting-IP`. A server behind a proxy reads the header which that proxy sets, and which
   * nobody else can; without an address all strangers share one quota.
   */
  readonly address?: (request: Request, env: Env) => string | null;
}

/** Salted hash of where a request comes from; undefined where that is not known. @throws SessileError `internal` without a salt */
export async function clientOf<Env>(
  options: QuotaOptions<Env> | undefined,
  request: Request,
  env: Env,
): Promise<string | undefined> {
  if (!options) return undefined;
  const address = options.address ? options.address(request, env) : request.headers.get("cf-connecting-ip");
  if (address === null || address === "") return undefined;
  const salt = options.salt(env);
  if (typeof salt !== "string" || salt.length < 16)
    throw new SessileError("internal", "Quotas need a salt of at least 16 characters.");
  return saltedHash(quotaAddressOf(address), salt);
}

/** `GET /v1/quota`: what is left of the caller's own. */
export async function quotaAnswer<Env>(
  options: QuotaOptions<Env>,
  actor: Actor | null,
  client: string | undefined,
  env: Env,
): Promise<Response> {
  const { name, tier } = await tierFor(options, actor);
  const now = Date.now();
  const used = await options.store(env).used(quotaSubjectOf(actor, client), now);
  const status = quotaStatusOf(name, tier, used, now);
  const answer = Response.json(status, { headers: { "cache-control": "private, no-store" } });
  addQuotaHeaders(answer.headers, status);
  return answer;
}

/** `RateLimit` and `RateLimit-Policy` as of draft-ietf-httpapi-ratelimit-headers-11; none where there is no bound. */
export function addQuotaHeaders(headers: Headers, status: QuotaStatus | null): void {
  if (!status || status.promptsTotal === null) return;
  const seconds = Math.max(0, Math.ceil((Date.parse(status.resetsAt) - Date.now()) / 1000));
  headers.set("ratelimit-policy", `"day";q=${status.promptsTotal};w=86400`);
  headers.set("ratelimit", `"day";r=${status.promptsRemaining ?? 0};t=${seconds}`);
}
