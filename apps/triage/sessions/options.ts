import { createD1Record } from "sessile/d1";
import type { SessileOptions } from "sessile/worker";
import { authorize } from "../src/worker/authorize.ts";
import type { Env } from "../src/worker/env.ts";
import { people } from "../src/worker/people.ts";

const options: Omit<SessileOptions<Env>, "kinds"> = {
  record: (env) => createD1Record(env.INCIDENTS_DB),
  feed: "SESSILE_FEED",
  identify: people.identify,
  authorize,
};

export default options;
