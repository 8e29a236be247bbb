import { createApp } from "./app.ts";

export { DirectoryFeed } from "sessile";
export * from "../../.sessions/worker.ts";

export default createApp();
