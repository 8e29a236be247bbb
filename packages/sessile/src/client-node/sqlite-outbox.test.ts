import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { outboxContract } from "../testing/outbox-contract.ts";
import { sqliteOutbox } from "./index.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sessile-outbox-"));
  path = join(folder, "deep", "outbox.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const address = { session: "https://s.test/v1/sessions/note/a", server: "https://s.test/v1/sessions/" };
const command = (id: string) => ({ id, text: JSON.stringify({ op: "reset", id }), queuedAt: 0 });

describe.each(outboxContract)("sqliteOutbox", ({ title, run }) => {
  test(title, async () => {
    await run(() => sqliteOutbox(path));
  });
});

test("OX9 a file that is no database opens nothing and is left as it is", async () => {
  const text = "not a database, but somebody's file ".repeat(200);
  const file = join(folder, "broken.db");
  writeFileSync(file, text);
  await expect(sqliteOutbox(file).open(address)).rejects.toThrow(/not a database/);
  expect(readdirSync(folder)).toEqual(["broken.db"]);
});

test("OX9 a damaged row is handed over as no command, beside those that are whole", async () => {
  const first = await sqliteOutbox(path).open(address);
  await first.put([command("p.0.0"), command("p.0.1")]);
  await first.close();
  const database = new DatabaseSync(path);
  database.exec("UPDATE outbox_command SET command = substr(command, 1, 9) WHERE id = 'p.0.0'");
  database.close();
  const second = await sqliteOutbox(path).open(address);
  expect(await second.claim()).toEqual([{ id: "p.0.0", text: "", queuedAt: 0 }, command("p.0.1")]);
  await second.close();
});

test("OX5 files that tell of processes go with them, also with those that were killed", async () => {
  const store = sqliteOutbox(path);
  const first = await store.open(address);
  const files = () => readdirSync(join(folder, "deep")).filter((name) => name.includes("-owner-"));
  expect(files()).toHaveLength(1);
  const left = `${path}-owner-of-a-killed-process`;
  writeFileSync(left, "");
  utimesSync(left, 0, 0);
  const second = await sqliteOutbox(path).open(address);
  expect(files()).toHaveLength(2);
  await first.close();
  await second.close();
  expect(files()).toEqual([]);
});
