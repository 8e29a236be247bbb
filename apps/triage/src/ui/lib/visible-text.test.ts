import { expect, test } from "vitest";
import { visibleText } from "./visible-text.ts";

test("what reorders or hides text is spelled out", () => {
  expect(visibleText("invoice\u202Efdp.exe")).toBe("invoice‹U+202E›fdp.exe");
  expect(visibleText("a\u0000b\u200Bc\uFEFFd\u2066e")).toBe("a‹U+0000›b‹U+200B›c‹U+FEFF›d‹U+2066›e");
});

test("ordinary text in any script stays as it is", () => {
  for (const text of ["שלום עולם", "مرحبا", "a\tb\nc\r\nd", "👩‍💻", "C:\\Users\\Ünal"]) {
    expect(visibleText(text)).toBe(text);
  }
});
