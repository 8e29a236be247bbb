import {
  extractiveModel,
  type Summarizer,
  type SummarizerAnswer,
  type SummaryInput,
  type SummaryStyle,
  summaryBounds,
} from "../../protocol/summary.ts";

/** Sentences of a summary by style. */
const sentencesByStyle: Readonly<Record<SummaryStyle, number>> = { brief: 4, detailed: 16, action_items: 8 };
const maxTopics = 8;
const maxSentenceChars = 280;
const minWordChars = 4;

interface Sentence {
  readonly text: string;
  /** Place in the order of reading. */
  readonly at: number;
  readonly score: number;
}

const stopWords = new Set(
  "about after again also been before being both cannot could does doing done down each from have having here into just like made make more most much must need only other over same should some such than that their them then there these they this those through under until very want were what when where which while will with would your yours".split(
    " ",
  ),
);
const action =
  /\b(?:todo|to-do|action item|must|need(?:s|ed)? to|have to|has to|should|please|next step|follow up|remember to|deadline|by (?:monday|tuesday|wednesday|thursday|friday|tomorrow))\b/i;

/** Takes sentences out of the events as they stand, and says that it does: the summariser of a kind that has no model. */
export const extractiveSummarizer: Summarizer = {
  model: extractiveModel,
  summarize: async (input) => extractSummary(input),
};

/** The same input gives the same summary; every sentence, topic and item stands in what was read. */
export function extractSummary(input: SummaryInput): SummarizerAnswer {
  // Nobody reads JSON for a summary; a session in which nobody ever wrote a word has nothing else.
  const prose = input.entries.filter(({ isProse }) => isProse);
  const sources = [
    ...(input.previous ? [...input.previous.text.split("\n"), ...input.previous.actionItems] : []),
    ...(prose.length > 0 || input.previous ? prose : input.entries).map(({ text }) => text),
  ];
  const texts = [...new Set(sources.flatMap(sentencesOf))];
  const frequency = wordFrequency(texts);
  const sentences = texts.map((text, at) => ({
    text,
    at,
    score: scoreOf(text, at, texts.length, frequency),
  }));
  const actionItems = sentences.filter(({ text }) => action.test(text)).slice(-summaryBounds.maxItems);
  const pool = input.style === "action_items" && actionItems.length > 0 ? actionItems : sentences;
  return {
    text: fitting(best(pool, sentencesByStyle[input.style]), input.maxTextChars),
    keyTopics: topicsOf(frequency),
    actionItems: actionItems
      .map(({ text }) => text)
      .filter(({ length }) => length <= summaryBounds.maxItemChars),
    usage: null,
  };
}

function sentencesOf(text: string): string[] {
  return text
    .split(/\n+|(?<=[.!?。！？])\s+/u)
    .map((sentence) => sentence.trim())
    .filter(({ length }) => length > 0 && length <= maxSentenceChars);
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}_-]*/gu) ?? [];
  return words.filter((word) => word.length >= minWordChars && !stopWords.has(word) && !/^\d+$/.test(word));
}

function wordFrequency(texts: readonly string[]): Map<string, number> {
  const frequency = new Map<string, number>();
  for (const word of texts.flatMap(wordsOf)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  return frequency;
}

/** Words that come up often, a little more for what is asked of somebody and for the latest. */
function scoreOf(text: string, at: number, count: number, frequency: ReadonlyMap<string, number>): number {
  const words = wordsOf(text);
  const weight =
    words.reduce((sum, word) => sum + (frequency.get(word) ?? 0), 0) / Math.sqrt(words.length + 1);
  return weight + (action.test(text) ? 2 : 0) + at / count;
}

/** The best in the order of reading. */
function best(sentences: readonly Sentence[], count: number): Sentence[] {
  const chosen = [...sentences].sort((a, b) => b.score - a.score || a.at - b.at).slice(0, count);
  return chosen.sort((a, b) => a.at - b.at);
}

/** As many whole sentences as fit. */
function fitting(sentences: readonly Sentence[], maxChars: number): string {
  let text = "";
  for (const sentence of sentences) {
    const longer = text === "" ? sentence.text : `${text}\n${sentence.text}`;
    if (longer.length <= maxChars) text = longer;
  }
  return text;
}

function topicsOf(frequency: ReadonlyMap<string, number>): string[] {
  return [...frequency]
    .filter(([word]) => word.length <= summaryBounds.maxTopicChars)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, maxTopics)
    .map(([word]) => word);
}
