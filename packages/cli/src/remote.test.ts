import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { request } from "./remote.ts";

test("OT1 OT2 the operator's token goes along to this machine, and nowhere else, also where a server points elsewhere", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sessile-remote-"));
  writeFileSync(join(dir, "operator"), "the token\n");
  const seen: unknown[] = [];
  await using server = createServer(({ headers, url }, response) => {
    seen.push(headers["sessile-operator"]);
    if (url === "/moved") response.writeHead(307, { location: `http://0.0.0.0:${port}/there` });
    response.end();
  });
  // An address that is not taken for this machine's, though it is.
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const host of ["127.0.0.1", "0.0.0.0"])
    await request({ url: `http://${host}:${port}`, headers: {}, dir }, "/");
  await request({ url: `http://127.0.0.1:${port}`, headers: {}, dir: join(dir, "elsewhere") }, "/");
  await expect(request({ url: `http://127.0.0.1:${port}`, headers: {}, dir }, "/moved")).rejects.toThrow(
    `The server points to http://0.0.0.0:${port}/there.`,
  );
  expect(seen).toEqual(["the token", undefined, undefined, "the token"]);
  rmSync(dir, { recursive: true });
});
