export { callable } from "./callable.ts";
export { DirectoryFeed, type DirectoryFeedStub, directoryFeedName } from "./directory-feed.ts";
export { type SessileBindings, Session } from "./session.ts";
export type { WorkContext, WorkFunction } from "./work-runner.ts";
