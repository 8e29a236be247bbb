import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { request } from "./remote.ts";

test("OT1 OT2 the operator's token goes along to this machine, and nowhere else", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sessile-remote-"));
  writeFileSync(join(dir, "operator"), "the token\n");
  const seen: unknown[] = [];
  await using server = createServer(({ headers }, response) => {
    seen.push(headers["sessile-operator"]);
    response.end();
  });
  // An address that is not taken for this machine's, though it is.
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const host of ["127.0.0.1", "0.0.0.0"])
    await request({ url: `http://${host}:${port}`, headers: {}, dir }, "/");
  await request({ url: `http://127.0.0.1:${port}`, headers: {}, dir: join(dir, "elsewhere") }, "/");
  expect(seen).toEqual(["the token", undefined, undefined]);
  rmSync(dir, { recursive: true });
});
