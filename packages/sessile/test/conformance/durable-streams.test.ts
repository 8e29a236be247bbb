import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { afterAll, beforeAll, describe } from "vitest";
import type { Server } from "../../src/node/index.ts";
import { temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { serveStreams } from "./stream-server.ts";

const options = { baseUrl: "", subscriptions: true };
const folder = temporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await serveStreams(folder.path);
  options.baseUrl = server.url;
});
afterAll(async () => {
  await server?.close();
  folder[Symbol.dispose]();
});

describe("DU1 the suite of the protocol's authors, whole and as it is published", () => {
  runConformanceTests(options);
});
