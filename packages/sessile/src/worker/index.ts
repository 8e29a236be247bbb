export { tokenHash, tokenPrefix } from "./api-token.ts";
export { type AppTypes, createSessile } from "./create-sessile.ts";
export { LocalProfiles, type LocalProfilesOptions } from "./local-profiles.ts";
export type { Middleware, MiddlewareContext, Next } from "./middleware.ts";
export type { AccessQuestion, KindOptions, SessileOptions, TokenAuthority } from "./options.ts";
export { problemResponse } from "./problem.ts";
export type { ChatOptions } from "./routes/chat-routes.ts";
export type { QuotaOptions } from "./routes/quota-routes.ts";
export { SessionTarget } from "./session-stub.ts";
