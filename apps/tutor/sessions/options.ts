import { createD1QuotaStore, createD1Record } from "sessile/d1";
import type { SessileOptions } from "sessile/worker";
import type { Env } from "../src/env.ts";
import { people, secretOf } from "../src/people.ts";

const options: Omit<SessileOptions<Env>, "kinds"> = {
  record: ({ SESSILE_RECORD }) => createD1Record(SESSILE_RECORD),
  identify: people.identify,
  // Whoever has picked a name may end sessions; anybody may ask, within a guest's quota.
  authorize: ({ actor, action }) => action !== "admin" || actor !== null,
  quotas: { store: ({ SESSILE_RECORD }) => createD1QuotaStore(SESSILE_RECORD), salt: secretOf },
};

export default options;
