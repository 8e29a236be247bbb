import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("RE20 loads in plain Node, without any global of Workers", () => {
  const script = `
    for (const name of ["caches", "WebSocketPair", "HTMLRewriter"]) delete globalThis[name];
    import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)}).then((record) => console.log(Object.keys(record).join()));
  `;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(out.trim().split(",").sort()).toEqual(
    [
      "createD1GatePolicies",
      "createD1Record",
      "createShardedRecord",
      "createD1QuotaStore",
      "createTokenStore",
      "defaultListLimit",
      "directoryChangeOf",
      "directoryChangeSchema",
      "directoryRowOf",
      "listOrders",
      "maxFactsBytes",
      "maxListLimit",
      "maxRetryMs",
      "maxTitleChars",
      "migrateRecord",
      "mirrorBackoffMs",
      "mirrorLog",
      "recordVersion",
    ].sort(),
  );
});

it("RE20 no file that ships imports anything of the platform", () => {
  const folder = new URL(".", import.meta.url);
  const shipped = readdirSync(folder).filter((file) =>
    /^(?!.*(test|sqlite-d1|faulty-d1|workerd-d1)).*\.ts$/.test(file),
  );
  expect(shipped).toContain("d1-record.ts");
  for (const file of shipped) {
    const imports = readFileSync(new URL(file, folder), "utf8").matchAll(/from "([^"]+)"/g);
    for (const [, source] of imports)
      expect(source).toMatch(/^(\.\/[a-z0-9-]+\.ts|\.\.\/protocol\/index\.ts|zod\/mini)$/);
  }
});
