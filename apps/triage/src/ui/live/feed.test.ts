import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { Feed } from "./feed.ts";

/** The server's half of the handshake (RFC 6455, 4.2.2). */
function acceptSockets(server: Server): void {
  server.on("upgrade", ({ headers }, socket) => {
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
    onTestFinished(() => void socket.destroy());
  });
}

test("whoever could not connect at first reads the list again once the line is there", async () => {
  const server = createServer((_request, response) => void response.writeHead(503).end());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  vi.stubGlobal("location", new URL(`http://127.0.0.1:${port}/`));
  onTestFinished(() => void vi.unstubAllGlobals());
  const returned = Promise.withResolvers<void>();
  const phases: string[] = [];
  const feed = new Feed(() => {}, returned.resolve);
  feed.subscribe(() => void phases.push(feed.getPhase()));
  onTestFinished(() => {
    feed.stop();
    server.close();
  });
  feed.start();
  await expect.poll(() => phases).toEqual(["offline"]);
  acceptSockets(server);
  await returned.promise;
  expect(phases).toEqual(["offline", "live"]);
});
