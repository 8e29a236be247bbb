// A process that appends to a session until it is killed: `url name store by`. Tells how many of its commands are stored.
import { setImmediate } from "node:timers/promises";
import { connect } from "../../src/client/index.ts";
import { sqliteOutbox } from "../../src/client-node/index.ts";

const [url = "", name = "", store = "", by = ""] = process.argv.slice(2);
const client = connect({ url, kind: "notes", name, outbox: sqliteOutbox(store) });
for (let n = 0; ; ) {
  for (const until = n + 5; n < until; n++) void client.append("note.said", { by, n }).catch(() => {});
  await client.outbox.saved();
  process.stdout.write(`${n}\n`);
  await setImmediate();
}
