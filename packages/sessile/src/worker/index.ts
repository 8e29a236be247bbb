export { type AppTypes, createSessile } from "./create-sessile.ts";
export { LocalProfiles, type LocalProfilesOptions } from "./local-profiles.ts";
export type { AccessQuestion, KindOptions, SessileOptions } from "./options.ts";
export { problemResponse } from "./problem.ts";
export { SessionTarget } from "./session-stub.ts";
