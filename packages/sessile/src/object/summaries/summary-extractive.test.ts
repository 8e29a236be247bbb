import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SummaryInput, summaryBounds, summaryStyles } from "../../protocol/summary.ts";
import { extractSummary } from "./summary-extractive.ts";

const words = fc.constantFrom(
  "invoice",
  "please",
  "must",
  "the",
  "über",
  "😀",
  "42.",
  "server!",
  "ok?",
  "\n",
  "…",
  "zażółć",
);
const text = fc.oneof(
  fc.array(words, { maxLength: 60 }).map((parts) => parts.join(" ")),
  fc.string({ unit: "binary" }),
);
const input: fc.Arbitrary<SummaryInput> = fc.record({
  style: fc.constantFrom(...summaryStyles),
  previous: fc.option(
    fc.record({
      text,
      keyTopics: fc.array(text, { maxLength: 3 }),
      actionItems: fc.array(text, { maxLength: 3 }),
    }),
  ),
  entries: fc.array(
    fc.record({
      seq: fc.nat(),
      type: fc.constant("message"),
      by: fc.option(fc.constant("Ada")),
      isProse: fc.boolean(),
      text,
    }),
    { maxLength: 20 },
  ),
  omittedEvents: fc.nat(),
  maxTextChars: fc.integer({ min: 1, max: 400 }),
});

describe("the extractive summariser", () => {
  test("SU7 says only what stands there, within the bounds, and the same every time", () => {
    fc.assert(
      fc.property(input, (given) => {
        const made = extractSummary(given);
        expect(extractSummary(given)).toEqual(made);
        expect(made.text.length).toBeLessThanOrEqual(given.maxTextChars);
        expect(made.keyTopics.length).toBeLessThanOrEqual(summaryBounds.maxTopics);
        expect(made.actionItems.length).toBeLessThanOrEqual(summaryBounds.maxItems);
        const { previous, entries } = given;
        const sources = [
          ...entries.map((entry) => entry.text),
          ...(previous ? [previous.text, ...previous.actionItems] : []),
        ];
        const stands = (part: string) => sources.some((source) => source.includes(part));
        for (const line of [...(made.text === "" ? [] : made.text.split("\n")), ...made.actionItems])
          expect(stands(line)).toBe(true);
        for (const topic of made.keyTopics) expect(sources.join("\n").toLowerCase()).toContain(topic);
        for (const item of made.actionItems)
          expect(item.length).toBeLessThanOrEqual(summaryBounds.maxItemChars);
      }),
      { numRuns: 300 },
    );
  });

  test("SU7 finds what it is about and what is to be done, and goes on from the summary before", () => {
    const entry = (seq: number, said: string) => ({
      seq,
      type: "message",
      by: "Ada",
      text: said,
      isProse: true,
    });
    const given: SummaryInput = {
      style: "action_items",
      previous: { text: "The invoice of March is missing.", keyTopics: ["invoice"], actionItems: [] },
      entries: [
        entry(4, "Good morning. The invoice came back."),
        entry(5, "Bob must pay the invoice by Friday. Nice weather."),
      ],
      omittedEvents: 0,
      maxTextChars: 1000,
    };
    const made = extractSummary(given);
    expect(made.actionItems).toEqual(["Bob must pay the invoice by Friday."]);
    expect(made.keyTopics[0]).toBe("invoice");
    expect(made.text).toBe("Bob must pay the invoice by Friday.");
    expect(extractSummary({ ...given, style: "detailed" }).text).toContain(
      "The invoice of March is missing.",
    );
    expect(made.usage).toBeNull();
  });

  test("SU7 takes what people wrote, and the payloads of machines only where nobody wrote anything", () => {
    const given: SummaryInput = {
      style: "brief",
      previous: null,
      entries: [
        { seq: 1, type: "session.created", by: null, text: '{"kind":"talk"}', isProse: false },
        { seq: 2, type: "message", by: "Ada", text: "The build is broken.", isProse: true },
      ],
      omittedEvents: 0,
      maxTextChars: 1000,
    };
    expect(extractSummary(given).text).toBe("The build is broken.");
    expect(extractSummary({ ...given, entries: given.entries.slice(0, 1) }).text).toBe('{"kind":"talk"}');
  });
});
