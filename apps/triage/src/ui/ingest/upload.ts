import type { IngestAnswer, IngestProgress } from "../../contract/api.ts";
import { ApiError, apiErrorOf } from "../api/http.ts";

export interface UploadWatcher {
  readonly onSent: (bytes: number) => void;
  readonly onProgress: (progress: IngestProgress) => void;
}

export interface Upload {
  readonly answer: Promise<IngestAnswer>;
  readonly cancel: () => void;
}

/**
 * Sends a body and reads the server's lines of progress. By XMLHttpRequest: it streams a file from disk over HTTP/1.1 and
 * says how much has left, which `fetch` does only over HTTP/2. The server takes the body at its own pace, so bytes sent are
 * near to bytes worked on.
 */
export function upload(path: string, body: Blob | null, watch: UploadWatcher): Upload {
  const xhr = new XMLHttpRequest();
  let read = 0;
  let answer: IngestAnswer | null = null;
  let failure: ApiError | null = null;

  const readLines = (isDone: boolean) => {
    const text = xhr.responseText;
    const end = isDone ? text.length : text.lastIndexOf("\n") + 1;
    const lines = text.slice(read, end).split("\n");
    read = end;
    for (const line of lines) {
      const value = parseLine(line);
      if (!value) continue;
      if (isProgress(value)) watch.onProgress(value);
      else if (isAnswer(value)) answer = value;
      else failure ??= failureOf(value);
    }
  };

  const promise = new Promise<IngestAnswer>((resolve, reject) => {
    xhr.open("POST", path);
    xhr.setRequestHeader("accept", "application/x-ndjson");
    if (body) xhr.setRequestHeader("content-type", "application/x-ndjson");
    xhr.upload.onprogress = ({ loaded }) => watch.onSent(loaded);
    xhr.onprogress = () => {
      if (xhr.status < 300) readLines(false);
    };
    xhr.onload = () => {
      if (xhr.status >= 300) {
        apiErrorOf(xhr.status, async () => xhr.responseText).then(reject, reject);
        return;
      }
      readLines(true);
      answer ??= wholeAnswer(xhr.responseText);
      if (answer) resolve(answer);
      else if (failure) reject(failure);
      else {
        const message =
          "The connection ended before the server was done. What it took in is kept; send the file again and those count as duplicates.";
        reject(new ApiError(xhr.status, "incomplete", message));
      }
    };
    xhr.onerror = () =>
      reject(
        new ApiError(
          0,
          "unreachable",
          "The connection was lost. What was taken in is kept; send the file again and those count as duplicates.",
        ),
      );
    xhr.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
    xhr.send(body);
  });
  return { answer: promise, cancel: () => xhr.abort() };
}

type Fields = { readonly [field: string]: unknown };

function parseLine(line: string): Fields | null {
  if (line.trim() === "") return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}

/** The status is sent before the first record is read, so a later failure is a line of its own. */
function failureOf({ t, error }: Fields): ApiError | null {
  if (t !== "error" || typeof error !== "object" || error === null) return null;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return new ApiError(0, String(code), typeof message === "string" ? message : "The server failed.");
}

function wholeAnswer(text: string): IngestAnswer | null {
  const value = parseLine(text);
  return value && isAnswer(value) ? value : null;
}

function isProgress(value: Fields): value is Fields & IngestProgress {
  return value.t === "progress" && typeof value.records === "number";
}

function isAnswer(value: Fields): value is Fields & IngestAnswer {
  return (
    typeof value.accepted === "number" &&
    Array.isArray(value.rejected) &&
    Array.isArray(value.incidents) &&
    value.t !== "progress"
  );
}
