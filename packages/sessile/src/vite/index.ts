export { type SessilePluginOptions, sessile } from "./plugin.ts";
