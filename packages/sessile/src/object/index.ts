export type { LoadingCacheStats } from "./cached.ts";
export { callable } from "./callable.ts";
export { DirectoryFeed, type DirectoryFeedStub, directoryFeedName } from "./directory-feed.ts";
export type { CommandPrice, QuotaPlan, QuotaPolicy } from "./quota-policy.ts";
export { Session } from "./session.ts";
export type { SessileBindings } from "./session-bindings.ts";
export type { VoiceSettings } from "./voice-settings.ts";
export type { WorkContext, WorkFunction } from "./work-runner.ts";
