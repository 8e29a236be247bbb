import type { IngestAnswer } from "../../contract/api.ts";
import { ApiError } from "../api/http.ts";
import { countsOf, type JobCounts, noCounts } from "./ingest-job.ts";
import { sliceFile } from "./slice-file.ts";
import { type Upload, upload } from "./upload.ts";

const path = "/api/alerts";
const maxAttempts = 4;
const firstRetryMs = 1_000;
const maxListed = 1_000;

export interface FileWatcher {
  readonly onSent: (bytes: number) => void;
  readonly onCounts: (counts: JobCounts) => void;
}

/**
 * Takes a file in, part by part, so that its progress is known in records and a lost connection costs one part: sending it
 * again is safe, because the server knows every alert by its hash.
 */
export function uploadFile(file: Blob, watch: FileWatcher): Upload {
  let isCancelled = false;
  let current: Upload | null = null;

  const sendPart = async (part: Blob, sent: number, before: JobCounts): Promise<IngestAnswer> => {
    for (let attempt = 1; ; attempt++) {
      if (isCancelled) throw new DOMException("Cancelled", "AbortError");
      current = upload(path, part, {
        onSent: (bytes) => watch.onSent(sent + bytes),
        onProgress: (progress) => watch.onCounts(sum(before, progress)),
      });
      try {
        return await current.answer;
      } catch (thrown) {
        if (attempt >= maxAttempts || !isPassing(thrown)) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, firstRetryMs * 2 ** (attempt - 1)));
      }
    }
  };

  const run = async (): Promise<IngestAnswer> => {
    if (file.size === 0) throw new ApiError(0, "bad_request", "This file is empty.");
    let sent = 0;
    let counts = noCounts;
    const rejected: { position: number; reason: string }[] = [];
    const incidents = new Set<string>();
    let unlisted = 0;
    for await (const part of sliceFile(file)) {
      const answer = await sendPart(part, sent, counts);
      for (const { position, reason } of answer.rejected) {
        if (rejected.length < maxListed) rejected.push({ position: position + counts.records, reason });
      }
      for (const name of answer.incidents) incidents.add(name);
      unlisted = Math.max(unlisted, answer.incidentsTotal - answer.incidents.length);
      counts = sum(counts, countsOf(answer));
      sent += part.size;
      watch.onCounts(counts);
    }
    return {
      accepted: counts.accepted,
      duplicates: counts.duplicates,
      rejected,
      rejectedTotal: counts.rejected,
      incidents: [...incidents],
      incidentsTotal: incidents.size + unlisted,
    };
  };

  return {
    answer: run(),
    cancel: () => {
      isCancelled = true;
      current?.cancel();
    },
  };
}

function sum(a: JobCounts, b: JobCounts): JobCounts {
  return {
    records: a.records + b.records,
    accepted: a.accepted + b.accepted,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
  };
}

/** Worth the same part again: no answer came, or one that says "later". */
function isPassing(thrown: unknown): boolean {
  return (
    thrown instanceof ApiError &&
    ["unreachable", "incomplete", "unavailable", "overloaded"].includes(thrown.code)
  );
}
