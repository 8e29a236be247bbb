import { join } from "node:path";
import { ScriptedModel } from "../../apps/chat/dev/scripted-model.ts";
import { buildPackages, buildPage } from "../lib/build.ts";
import { root } from "../lib/run.ts";
import { copyForServing } from "../lib/served-page.ts";

// `npm run start -w apps/chat -- --port N --dir PATH`: the chat on the embedded server, data in `.sessile-chat/`. Without a model in
// the environment it talks to a scripted one.
const settings = ["CHAT_MODEL_URL", "CHAT_API_KEY", "CHAT_MODEL", "AI_GATEWAY_API_KEY"];
await Promise.all([buildPackages(), buildPage("chat")]);
const given = settings.flatMap((name) => (process.env[name] ? [`${name}=${process.env[name]}`] : []));
if (given.length === 0) given.push(`CHAT_MODEL_URL=${(await ScriptedModel.start()).url}`);
process.argv = [
  process.argv[0] ?? "node",
  "sessile",
  "serve",
  "--config",
  "apps/chat/wrangler.jsonc",
  "--assets",
  copyForServing(join(root, "apps/chat/dist/ui"), join(root, "apps/chat/dist")),
  "--dir",
  ".sessile-chat",
  ...given.flatMap((setting) => ["--var", setting]),
  ...process.argv.slice(2),
];
process.chdir(root);
await import("../../packages/cli/src/main.ts");
