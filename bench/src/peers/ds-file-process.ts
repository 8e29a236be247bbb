import { DurableStreamTestServer } from "@durable-streams/server";

/** A process of its own, so that the server shares an event loop with nothing else. Ends with the bench. */
const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error("The first argument is the folder for the streams.");
// Its log goes to where the tables are printed.
console.log = () => {};
console.info = () => {};
const server = new DurableStreamTestServer({ port: 0, host: "127.0.0.1", dataDir });
const url = await server.start();
process.on("disconnect", () => process.exit(0));
process.send?.(url);
