import { type LanguageModel, type ModelMessage, streamText } from "ai";
import { expect, test } from "vitest";
import { SentPrompt } from "./sent-prompt.ts";

const call = (id: string): ModelMessage[] => [
  {
    role: "assistant",
    content: [{ type: "tool-call", toolCallId: id, toolName: "look", input: { n: 1 } }],
  },
  {
    role: "tool",
    content: [
      { type: "tool-result", toolCallId: id, toolName: "look", output: { type: "text", value: `of ${id}` } },
    ],
  },
];
const conversation: readonly ModelMessage[] = [
  { role: "user", content: "Go." },
  ...call("c1"),
  ...call("c2"),
  { role: "assistant", content: [{ type: "text", text: "Here it is." }] },
  { role: "user", content: [{ type: "text", text: "And now?" }] },
  ...call("c3"),
];

/** How many messages the SDK made ready, and what the provider got. */
async function sentBy(prompt: SentPrompt | null, messages: ModelMessage[], settled: number) {
  let got: unknown = null;
  const model = {
    specificationVersion: "v4",
    provider: "test",
    modelId: "test",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("not asked")),
    doStream: async (options: { readonly prompt: unknown }) => {
      got = options.prompt;
      return { stream: new ReadableStream({ start: (controller) => controller.close() }) };
    },
  } as unknown as LanguageModel;
  const given = prompt?.of(model, messages, settled) ?? { model, messages };
  const { stream } = streamText({ ...given, instructions: "Work.", onError: () => {} });
  for await (const _part of stream);
  return { made: given.messages.length, got };
}

test("RN12 the provider gets the whole prompt, of which only what is new is made ready", async () => {
  const prompt = new SentPrompt();
  const made: number[] = [];
  // As the model is asked: after what people said, and after results; what precedes the last turn is settled.
  for (const [length, settled] of [
    [1, 0],
    [3, 1],
    [5, 3],
    [5, 3],
    [7, 6],
    [9, 7],
  ] as const) {
    const messages = conversation.slice(0, length);
    const sent = await sentBy(prompt, messages, settled);
    expect(sent.got).toEqual((await sentBy(null, messages, 0)).got);
    made.push(sent.made);
  }
  expect(made).toEqual([1, 3, 4, 2, 4, 3]);
});

test("RN12 empty answers, of which nothing is sent, leave something to make ready", async () => {
  const prompt = new SentPrompt();
  for (let time = 0; time < 3; time++) {
    const sent = await sentBy(prompt, [{ role: "user", content: "Go." }], time === 0 ? 0 : 1);
    expect(sent.made).toBe(1);
  }
});
