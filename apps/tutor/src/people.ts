import { LocalProfiles } from "sessile/worker";
import type { Env } from "./env.ts";

export const secretOf = ({ SESSILE_SECRET = "" }: Env): string => SESSILE_SECRET;

/** People by the name they pick. Behind a public address, put real accounts in front. */
export const people = new LocalProfiles<Env>({ cookie: "tutor_profile", secret: secretOf });
