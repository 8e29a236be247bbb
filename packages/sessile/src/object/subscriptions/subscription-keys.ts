import { decodeBase64, encodeBase64 } from "../../protocol/base64.ts";
import type { PublicKey } from "../../protocol/stream-subscription.ts";
import type { SubscriptionTable } from "./subscription-table.ts";
import type { WakeToken } from "./subscriptions.ts";

interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: PublicKey;
}

/** Claims and 32 bytes, the last letter of which has bits to spare. */
const tokenForm = /^(([0-9a-f-]{36})\.([0-9]{1,16})\.([0-9a-f-]{36}))\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/**
 * What a deployment's subscriptions are signed with: webhooks with an Ed25519 key, whose public half anybody may read, and the
 * tokens of wakes with a secret. Both are made when they are first needed, and neither leaves the object.
 */
export class SubscriptionKeys {
  readonly #table: SubscriptionTable;
  #signing: Promise<SigningKey> | null = null;
  #token: Promise<CryptoKey> | null = null;

  constructor(table: SubscriptionTable) {
    this.#table = table;
  }

  async publicKey(): Promise<PublicKey> {
    return (await this.#signingKey()).publicKey;
  }

  /** The header `Webhook-Signature`. */
  async signature(body: string, now: number): Promise<string> {
    const { privateKey, publicKey } = await this.#signingKey();
    const seconds = Math.floor(now / 1000);
    const signed = await crypto.subtle.sign({ name: "Ed25519" }, privateKey, utf8(`${seconds}.${body}`));
    return `t=${seconds},kid=${publicKey.kid},ed25519=${base64Url(signed)}`;
  }

  async tokenFor({ incarnation, generation, wakeId }: WakeToken): Promise<string> {
    const claims = `${incarnation}.${generation}.${wakeId}`;
    const signed = await crypto.subtle.sign("HMAC", await this.#tokenKey(), utf8(claims));
    return `${claims}.${base64Url(signed)}`;
  }

  /** @returns null for a token that was not made here */
  async readToken(token: string): Promise<WakeToken | null> {
    const [, claims = "", incarnation = "", generation = "", wakeId = "", signature = ""] =
      tokenForm.exec(token) ?? [];
    if (signature === "") return null;
    const given = decodeBase64(`${signature.replaceAll("-", "+").replaceAll("_", "/")}=`);
    const isOurs = await crypto.subtle.verify("HMAC", await this.#tokenKey(), given, utf8(claims));
    return isOurs ? { incarnation, generation: Number(generation), wakeId } : null;
  }

  #signingKey(): Promise<SigningKey> {
    this.#signing ??= this.#loadSigningKey().catch((thrown: unknown) => {
      this.#signing = null;
      throw thrown;
    });
    return this.#signing;
  }

  async #loadSigningKey(): Promise<SigningKey> {
    const stored = this.#table.secret("signing key");
    const secret = stored === null ? await newSigningKey() : (JSON.parse(stored) as JsonWebKey);
    if (stored === null) this.#table.saveSecret("signing key", JSON.stringify(secret));
    const { x = "" } = secret;
    const privateKey = await crypto.subtle.importKey("jwk", secret, { name: "Ed25519" }, false, ["sign"]);
    // RFC 7638: the members in this order, and no other.
    const thumbprint = await crypto.subtle.digest(
      "SHA-256",
      utf8(JSON.stringify({ crv: "Ed25519", kty: "OKP", x })),
    );
    const kid = `ds_${base64Url(thumbprint)}`;
    return { privateKey, publicKey: { kty: "OKP", crv: "Ed25519", kid, use: "sig", alg: "EdDSA", x } };
  }

  #tokenKey(): Promise<CryptoKey> {
    this.#token ??= this.#loadTokenKey();
    return this.#token;
  }

  #loadTokenKey(): Promise<CryptoKey> {
    let secret = this.#table.secret("token key");
    if (secret === null) {
      secret = encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
      this.#table.saveSecret("token key", secret);
    }
    const usages = ["sign", "verify"];
    return crypto.subtle.importKey(
      "raw",
      decodeBase64(secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      usages,
    );
  }
}

async function newSigningKey(): Promise<JsonWebKey> {
  const made = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  const { privateKey } = made as CryptoKeyPair;
  const { kty, crv, d, x } = (await crypto.subtle.exportKey("jwk", privateKey)) as JsonWebKey;
  return { kty, ...(crv && { crv }), ...(d && { d }), ...(x && { x }) };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function base64Url(bytes: ArrayBuffer): string {
  return encodeBase64(new Uint8Array(bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
