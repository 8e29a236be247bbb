import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { Feed } from "./feed.ts";

test("whoever could not connect at first reads the list again once the line is there", async () => {
  const away = createServer((_request, response) => void response.writeHead(503).end());
  await once(away.listen(0, "127.0.0.1"), "listening");
  const { port } = away.address() as AddressInfo;
  vi.stubGlobal("location", new URL(`http://127.0.0.1:${port}/`));
  onTestFinished(() => void vi.unstubAllGlobals());
  const returned = Promise.withResolvers<void>();
  const phases: string[] = [];
  const feed = new Feed(() => {}, returned.resolve);
  feed.subscribe(() => void phases.push(feed.getPhase()));
  feed.start();
  await vi.waitFor(() => expect(phases).toEqual(["offline"]));
  const sockets = new WebSocketServer({ server: away });
  onTestFinished(async () => {
    feed.stop();
    sockets.close();
    away.close();
    await once(away, "close");
  });
  await returned.promise;
  expect(phases).toEqual(["offline", "live"]);
});
