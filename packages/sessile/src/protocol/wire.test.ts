import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { parseCommand } from "./command.ts";
import { errorStatus, SessileError } from "./error.ts";
import { assertSessionAddress, formatProducerPosition, parseProducerPosition } from "./ids.ts";
import { type Json, parseJson } from "./json.ts";
import { safeParse } from "./safe-parse.ts";

const limits = { maxChars: 1000, maxDepth: 5 };

describe("untrusted JSON", () => {
  test("JS1 text that is too long, too deep or not JSON is refused with the field and the limit", () => {
    expect(() => parseJson("x".repeat(1001), limits)).toThrow(
      expect.objectContaining({ code: "limit_exceeded" }),
    );
    expect(() => parseJson("[[[[[[]]]]]]", limits)).toThrow(
      expect.objectContaining({ code: "limit_exceeded" }),
    );
    expect(() => parseJson("{", limits)).toThrow(expect.objectContaining({ code: "bad_request" }));
    expect(parseJson("[[[[[1]]]]]", limits)).toEqual([[[[[1]]]]]);
  });

  test("JS2 a __proto__ key is refused wherever it stands and however it is written", () => {
    for (const text of ['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"\\u005f_proto__":1}']) {
      expect(() => parseJson(text, limits)).toThrow(expect.objectContaining({ code: "bad_request" }));
    }
  });
});

describe("commands", () => {
  test("JS3 a command with unknown, missing or misshapen fields is refused, naming the field", () => {
    const bad: [Json, string][] = [
      [{ op: "append" }, "commands.0.type"],
      [{ op: "append", type: "a", extra: 1 }, "commands.0"],
      [{ op: "append", type: "a", id: 7 }, "commands.0.id"],
      [{ op: "setState" }, "commands.0.state"],
      [{ op: "setStatus", to: "x", expectedVersion: -1 }, "commands.0.expectedVersion"],
      [{ op: "call", method: "m", args: {} }, "commands.0.args"],
      [{ op: "explode" }, "commands.0.op"],
      ["append", "commands.0"],
    ];
    for (const [value, field] of bad) {
      expect(() => parseCommand(value, "commands.0")).toThrow(
        expect.objectContaining({ code: "bad_request", details: expect.objectContaining({ field }) }),
      );
    }
    expect(parseCommand({ op: "append", id: "a", type: "message", payload: null }, "c")).toMatchObject({
      type: "message",
    });
    expect(parseCommand({ op: "append", type: "message" }, "c")).toEqual({ op: "append", type: "message" });
  });
});

describe("schemas", () => {
  test("SE23 a length that cannot be held against a bound is a wrong form like any other", () => {
    const length = { toString: 1, valueOf: 1 };
    for (const wrong of [
      { op: "revokePolicy", policyId: { length } },
      { op: "setStatus", to: { length } },
    ])
      expect(() => parseCommand(wrong, "command")).toThrow("has the wrong form");
    expect(safeParse(z.string().check(z.maxLength(3)), { length })).toEqual({
      success: false,
      issue: undefined,
    });
  });
});

describe("ids", () => {
  test("ID1 a structured client event id is {producer}.{epoch}.{n} and nothing else is", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9.-]{1,30}$/), fc.nat(), fc.nat(), (producer, epoch, n) => {
        expect(parseProducerPosition(formatProducerPosition({ producer, epoch, n }))).toEqual({
          producer,
          epoch,
          n,
        });
      }),
    );
    for (const foreign of ["abc", "a.1", ".1.2", "a.01.2", "a.1.x", "a.1.", "a..2", "a.1.9999999999999999"]) {
      expect(parseProducerPosition(foreign)).toBeNull();
    }
  });

  test("ID2 kinds and names keep to their grammar", () => {
    for (const name of ["a", "INC-2026-0042", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "x@y.z", "a:b+c~d"])
      assertSessionAddress("incident", name);
    for (const name of ["", ".", "..", "-a", "a/b", "a b", "ä", "a\u202e", "x".repeat(129), "%2e"]) {
      expect(() => assertSessionAddress("incident", name)).toThrow(
        expect.objectContaining({ code: "bad_request" }),
      );
    }
    for (const kind of ["", "Incident", "a_b", "-a", "a-", "a--b", "x".repeat(65)]) {
      expect(() => assertSessionAddress(kind, "a")).toThrow(expect.objectContaining({ code: "bad_request" }));
    }
  });
});

describe("errors", () => {
  test("ER1 the codes are a closed set, each with one status; anything else that was thrown shows as internal without its text", () => {
    for (const status of Object.values(errorStatus)) expect(status).toBeGreaterThanOrEqual(400);
    const shown = SessileError.from(new Error("SELECT secret FROM inside")).toWire();
    expect(shown.code).toBe("internal");
    expect(JSON.stringify(shown)).not.toContain("secret");
  });

  test("ER2 an error keeps code, message and details across the wire", () => {
    const error = new SessileError("conflict", "changed", {
      current: "open",
      currentVersion: 7,
      retryAfterMs: 5,
    });
    const back = SessileError.fromWire(JSON.parse(JSON.stringify(error.toWire())));
    expect([back.code, back.message, back.details]).toEqual([error.code, error.message, error.details]);
  });
});
