import type { LanguageModel } from "ai";
import type { Clock } from "../../object/clock.ts";
import type { Random } from "./random.ts";
import type { RunBook, ScriptedAnswer, ScriptedCall } from "./run-book.ts";
import type { World } from "./world.ts";

type Model = Extract<LanguageModel, { readonly specificationVersion: "v4" }>;
type Chunk =
  Awaited<ReturnType<Model["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;

export const usageOfAnswer = { inputTokens: 7, outputTokens: 3 };
const usage = {
  inputTokens: { total: usageOfAnswer.inputTokens, noCache: 7, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: usageOfAnswer.outputTokens, text: 3, reasoning: 0 },
};

/** A model that talks bit by bit, calls tools, breaks off, says nothing, or never ends. No two of its answers are alike. */
export function scriptedModel(world: World, book: RunBook, clock: Clock, random: Random): Model {
  return {
    specificationVersion: "v4",
    provider: "scripted",
    modelId: "scripted",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("Only streams are asked for.")),
    doStream: async () => {
      await clock.wait(random.between(0, 200));
      if (random.chance(world.trouble.failure / 2)) throw new Error("The model does not feel like it.");
      return { stream: streamOf(partsOf(answerOf(book, random), world, clock, random)) };
    },
  };
}

function answerOf(book: RunBook, random: Random): ScriptedAnswer {
  const name = book.name("answer");
  const count = random.weighted([
    [4, 0],
    [3, 1],
    [2, 2],
    [1, 4],
  ]);
  const calls = Array.from({ length: count }, () => callOf(book, random));
  const isSilent = random.chance(count > 0 ? 0.3 : 0.1);
  // Now and then longer than an event may be.
  const words = random.chance(0.02) ? 2000 : random.between(1, 4);
  const text = isSilent ? "" : `${name} ${"says ".repeat(words)}`;
  const answer = { name, text, calls };
  book.answers.push(answer);
  return answer;
}

function callOf(book: RunBook, random: Random): ScriptedCall {
  const name = book.name("call");
  // Also ids of which no key can be made as they are.
  const toolCallId = random.chance(0.2) ? `${name}: of somebody's` : name;
  const toolName = random.weighted([
    [6, "look"],
    [3, "pay"],
    [1, "ask"],
    [1, "locate"],
    [0.5, "unheard-of"],
  ]);
  const input = toolName === "ask" ? { questions: [{ question: `About ${name}?` }] } : { of: name };
  return { toolCallId, toolName, input };
}

async function* partsOf(
  { text, calls }: ScriptedAnswer,
  world: World,
  clock: Clock,
  random: Random,
): AsyncGenerator<Chunk> {
  const breaksAt = random.chance(world.trouble.failure / 2) ? random.between(0, 3) : Number.POSITIVE_INFINITY;
  yield { type: "stream-start", warnings: [] };
  const said: Chunk[] = [
    ...(text === "" ? [] : textParts(text)),
    ...calls.map(
      ({ input, ...call }): Chunk => ({ type: "tool-call", ...call, input: JSON.stringify(input) }),
    ),
  ];
  for (const [index, part] of said.entries()) {
    if (index >= breaksAt) throw new Error("The model breaks off.");
    if (random.chance(0.3)) await clock.wait(random.between(0, 300));
    yield part;
  }
  if (random.chance(world.trouble.failure / 8)) await clock.wait(60_000);
  const unified = calls.length > 0 ? ("tool-calls" as const) : ("stop" as const);
  yield { type: "finish", finishReason: { unified, raw: undefined }, usage };
}

function streamOf(parts: AsyncGenerator<Chunk>): ReadableStream<Chunk> {
  return new ReadableStream<Chunk>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

function textParts(text: string): Chunk[] {
  const deltas = text.length > 1000 ? [text] : text.split(/(?<= )/);
  return [
    { type: "text-start", id: "1" },
    ...deltas.map((delta): Chunk => ({ type: "text-delta", id: "1", delta })),
    { type: "text-end", id: "1" },
  ];
}
