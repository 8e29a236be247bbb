import { createApp } from "./app.ts";

export { DirectoryFeed } from "sessile";
export { SIRTSession } from "../session/sirt-session.ts";

export default createApp();
