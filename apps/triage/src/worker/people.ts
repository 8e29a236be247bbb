import { LocalProfiles } from "sessile/worker";
import type { Env } from "./env.ts";

/** People by the name they pick, in a signed cookie. Behind a public address, put real accounts in front. */
export const people = new LocalProfiles<Env>({
  cookie: "triage_profile",
  secret: (env) => env.SESSILE_SECRET ?? "",
});
