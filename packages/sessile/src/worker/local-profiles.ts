import * as z from "zod/mini";
import { parseWith } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";

export interface LocalProfilesOptions<Env> {
  /** At least 32 characters. Rotating it signs everyone out. */
  readonly secret: (env: Env) => string;
  /** Default `sessile_profile`. */
  readonly cookie?: string;
}

const profileSchema = z.object({
  id: z.string().check(z.minLength(1), z.maxLength(128)),
  name: z.string().check(z.minLength(1), z.maxLength(80)),
});
const yearSeconds = 31_536_000;
/** Longer than any good name even before it is cleaned. */
const maxNameInput = 1024;
/** What takes no ink, so that nobody is nameless or looks like somebody else: controls, marks of direction, fillers, blanks. */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * People by a name they pick, kept in a signed cookie: who is who on one machine, not who may come in. Behind a public
 * address, put real accounts in front.
 */
export class LocalProfiles<Env> {
  readonly #options: LocalProfilesOptions<Env>;
  readonly #cookie: string;

  constructor(options: LocalProfilesOptions<Env>) {
    this.#options = options;
    this.#cookie = options.cookie ?? "sessile_profile";
  }

  /** The profile in the request's cookie, if its signature holds. */
  readonly identify = async (request: Request, env: Env): Promise<Actor | null> => {
    const value = readCookie(request.headers.get("cookie") ?? "", this.#cookie);
    const [payload, signature, ...rest] = value?.split(".") ?? [];
    if (!payload || !signature || rest.length > 0) return null;
    const key = await this.#key(env);
    const valid = await crypto.subtle
      .verify("HMAC", key, fromBase64Url(signature), new TextEncoder().encode(payload))
      .catch(() => false);
    if (!valid) return null;
    const parsed = profileSchema.safeParse(JSON.parse(new TextDecoder().decode(fromBase64Url(payload))));
    return parsed.success ? parsed.data : null;
  };

  /** The `Set-Cookie` value for somebody who picks `name`. Keeps the id of the profile there is.
   * `Secure` if `request` came encrypted. @throws SessileError `bad_request` */
  async signIn(
    name: unknown,
    current: Actor | null,
    env: Env,
    request?: Request,
  ): Promise<{ readonly profile: Actor & { name: string }; readonly cookie: string }> {
    if (typeof name !== "string")
      throw new SessileError("bad_request", "name is missing.", { field: "name" });
    const clean = name
      .slice(0, maxNameInput)
      .normalize("NFC")
      .replace(invisible, "")
      .replace(/\s+/gu, " ")
      .trim();
    const profile = parseWith(
      profileSchema,
      { id: current?.id ?? `p_${crypto.randomUUID()}`, name: clean },
      "body",
    );
    const payload = toBase64Url(new TextEncoder().encode(JSON.stringify(profile)));
    const signature = await crypto.subtle.sign(
      "HMAC",
      await this.#key(env),
      new TextEncoder().encode(payload),
    );
    return {
      profile,
      cookie: `${this.#cookie}=${payload}.${toBase64Url(new Uint8Array(signature))}; Path=/; Max-Age=${yearSeconds}; HttpOnly; SameSite=Lax${secureOn(request)}`,
    };
  }

  signOut(request?: Request): string {
    return `${this.#cookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secureOn(request)}`;
  }

  #key(env: Env): Promise<CryptoKey> {
    const secret = this.#options.secret(env);
    if (typeof secret !== "string" || secret.length < 32) {
      throw new SessileError(
        "not_configured",
        "The secret that signs profiles is not set. Set SESSILE_SECRET to at least 32 random characters.",
      );
    }
    return crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign", "verify"],
    );
  }
}

/** On a machine of one's own there is no encryption, and browsers would drop such a cookie. */
function secureOn(request: Request | undefined): string {
  return request?.url.startsWith("https:") ? "; Secure" : "";
}

function readCookie(header: string, name: string): string | null {
  for (const part of header.split(";")) {
    const [key, ...value] = part.trim().split("=");
    if (key === name) return value.join("=");
  }
  return null;
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Not base64url at all gives no bytes, and so a signature that does not hold. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
      character.charCodeAt(0),
    );
  } catch {
    return new Uint8Array(0);
  }
}
