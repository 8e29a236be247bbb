import type { Json } from "../../protocol/json.ts";

/** What one body may be. */
export const streamContentLimits = {
  maxBodyBytes: 12 * 1024 * 1024,
  // Base64 takes a third more, and must fit into a chunk.
  maxChunkBytes: 12 * 1024 * 1024,
  maxDepth: 64,
};

/** Characters after which an answer is sent and the reader asks on. */
export const answerChars = 1024 * 1024;

export function charsOf(chunks: readonly Json[]): number {
  return chunks.reduce<number>(
    (sum, chunk) => sum + (typeof chunk === "string" ? chunk.length : JSON.stringify(chunk).length),
    0,
  );
}
