export { type ModelPrices, type ModelSummarizerOptions, modelSummarizer } from "./model-summarizer.ts";
