import type { Random } from "../../src/testing/simulator/random.ts";

/** Texts that have broken something somewhere. None looks like a trace of the inside (`attack/inside.ts`), as answers may repeat them. */
const texts: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udc00x",
  "\u202eadmin\u2066",
  "\u0430dmin",
  "\u200b",
  "\u3164",
  "\ufeff",
  "\u2028",
  "\ufdfa".repeat(40),
  "\u{1f9ed}",
  "e\u0301".repeat(60),
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "null",
  "true",
  "-1",
  "1e3",
  "9007199254740993",
  "99999999999999999999",
  "NaN",
  "0x10",
  "..",
  "../..",
  "a/b",
  "a%2Fb",
  "%00",
  "%",
  "%zz",
  "a'--",
  "' OR '1'='1",
  '"',
  "\\",
  "{{x}}",
  "<b>",
  "\r\nx: y",
  "session.created",
  "session:notes/other",
  "producer.0.1",
  "producer.1.99999999999999999",
  "*",
  "**/**/**",
  "2026-01-01T00:00:00.000Z",
  "9999-12-31T23:59:60Z",
  "-271822-04-20T00:00:00.000Z",
];
const numbers: readonly string[] = [
  "0",
  "-0",
  "1",
  "-1",
  "0.5",
  "1e3",
  "1e308",
  "-1e308",
  "1e999",
  "1e-400",
  "2147483648",
  "4294967296",
  "9007199254740991",
  "9007199254740993",
  "123456789012345678901234567890",
  "01",
  "NaN",
  ".5",
];
const keys: readonly string[] = [
  "__proto__",
  "constructor",
  "toString",
  "length",
  "toJSON",
  "",
  "0",
  "id",
  "t",
  "op",
  "type",
];

/** Input as an attacker sends it: by chance, but the same for the same seed. */
export class Hostile {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  text(): string {
    const { random } = this;
    if (random.chance(0.04))
      return random.pick(["x", "\u00e9", "[", "a/"]).repeat(random.between(100, 70_000));
    if (random.chance(0.2)) return random.pick(texts) + random.pick(texts);
    return random.pick(texts);
  }

  number(): string {
    return this.random.pick(numbers);
  }

  /** As text, because some of it is no JSON, and some has a key twice. */
  json(depth = 4): string {
    const { random } = this;
    const kind = random.between(0, depth > 0 ? 9 : 6);
    if (kind < 3) return JSON.stringify(this.text());
    if (kind < 5) return this.number();
    if (kind < 7) return random.pick(["null", "true", "false", "[]", "{}"]);
    const length = random.between(0, 4);
    if (kind === 7) return `[${this.#many(length, () => this.json(depth - 1))}]`;
    if (kind === 8)
      return `{${this.#many(length, () => `${JSON.stringify(this.key())}:${this.json(depth - 1)}`)}}`;
    const levels = random.pick([10, 63, 64, 65, 100, 5000]);
    return random.chance(0.5)
      ? `${"[".repeat(levels)}${"]".repeat(levels)}`
      : `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  }

  key(): string {
    return this.random.chance(0.5) ? this.random.pick(keys) : this.text();
  }

  /** An example with something wrong about it, most of the time. */
  twist(example: unknown, badness = 0.12): string {
    const { random } = this;
    if (random.chance(badness)) return this.json(3);
    if (Array.isArray(example)) {
      const items = example.map((item) => this.twist(item, badness));
      if (random.chance(badness)) items.push(this.json(2));
      return `[${items.join(",")}]`;
    }
    if (example === null || typeof example !== "object") return JSON.stringify(example) ?? "null";
    const entries = Object.entries(example).flatMap(([key, value]) => {
      if (value === undefined || random.chance(badness / 2)) return [];
      const entry = `${JSON.stringify(key)}:${this.twist(value, badness)}`;
      // Twice, of which the last counts.
      return random.chance(badness / 4) ? [`${JSON.stringify(key)}:${this.json(1)}`, entry] : [entry];
    });
    if (random.chance(badness)) entries.push(`${JSON.stringify(this.key())}:${this.json(2)}`);
    return `{${entries.join(",")}}`;
  }

  /** Text with pieces gone, doubled or put in. */
  mangle(text: string): string {
    const { random } = this;
    let mangled = text;
    for (let times = random.between(1, 4); times > 0; times--) {
      const [from, to] = [random.between(0, mangled.length), random.between(0, mangled.length)];
      const [start, end] = [Math.min(from, to), Math.min(Math.max(from, to), from + 60)];
      const piece = random.weighted([
        [3, ""],
        [2, mangled.slice(start, end).repeat(2)],
        [3, this.text().slice(0, 200)],
        [1, random.pick(['"', "{", "}", "[", "]", ",", ":", "\\", "\n"])],
      ]);
      mangled = mangled.slice(0, start) + piece + mangled.slice(end);
    }
    return mangled;
  }

  /** What somebody could send where one of these is expected. */
  like(examples: readonly unknown[]): string {
    const { random } = this;
    const example = random.pick(examples);
    const how = random.between(0, 9);
    if (how < 6) return this.twist(example);
    if (how < 8) return this.mangle(JSON.stringify(example));
    return how === 8 ? this.json() : this.text();
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.random.between(0, 255));
  }

  #many(count: number, make: () => string): string {
    return Array.from({ length: count }, make).join(",");
  }
}
