import { useCallback, useRef, useState } from "react";
import { errorMessage, isAbort } from "../api/http.ts";
import { countsOf, type IngestJob, isRunning, type JobCounts, noCounts } from "./ingest-job.ts";
import { upload } from "./upload.ts";
import { uploadFile } from "./upload-file.ts";

export interface Ingest {
  readonly jobs: readonly IngestJob[];
  readonly isBusy: boolean;
  readonly addFiles: (files: readonly File[]) => void;
  readonly loadSample: () => void;
  readonly cancel: () => void;
  /** Forgets what is finished. */
  readonly clear: () => void;
}

interface Task {
  readonly id: number;
  /** Null: the sample, which lies on the server. */
  readonly file: Blob | null;
}

/** Takes files in one after the other: the server writes one database, and two at once would only share its pace. */
export function useIngest(onTakenIn: () => void): Ingest {
  const [jobs, setJobs] = useState<readonly IngestJob[]>([]);
  const tasks = useRef<Task[]>([]);
  const cancelCurrent = useRef<(() => void) | null>(null);
  const nextId = useRef(1);

  const change = useCallback((id: number, make: (job: IngestJob) => Partial<IngestJob>) => {
    setJobs((before) => before.map((job) => (job.id === id ? { ...job, ...make(job) } : job)));
  }, []);

  const run = useCallback(async () => {
    if (cancelCurrent.current) return;
    for (let task = tasks.current.shift(); task; task = tasks.current.shift()) {
      const { id } = task;
      change(id, () => ({ state: { is: "sending" }, startedAt: Date.now() }));
      const onSent = (sent: number) => change(id, () => ({ sent }));
      const onCounts = (counts: JobCounts) => change(id, () => ({ counts }));
      const { answer, cancel } = task.file
        ? uploadFile(task.file, { onSent, onCounts })
        : upload("/api/sample", null, { onSent, onProgress: onCounts });
      cancelCurrent.current = cancel;
      await answer.then(
        (done) =>
          change(id, ({ size }) => ({
            state: { is: "done", answer: done },
            counts: countsOf(done),
            sent: size,
            endedAt: Date.now(),
          })),
        (error: unknown) =>
          change(id, () => ({
            state: isAbort(error) ? { is: "cancelled" } : { is: "failed", error: errorMessage(error) },
            endedAt: Date.now(),
          })),
      );
      onTakenIn();
    }
    cancelCurrent.current = null;
  }, [change, onTakenIn]);

  const add = useCallback(
    (sources: readonly { readonly name: string; readonly file: Blob | null }[]) => {
      const made = sources.map(({ name, file }) => {
        const id = nextId.current++;
        tasks.current.push({ id, file });
        return {
          id,
          name,
          size: file?.size ?? 0,
          sent: 0,
          counts: noCounts,
          startedAt: null,
          endedAt: null,
          state: { is: "waiting" as const },
        };
      });
      setJobs((before) => [...before, ...made]);
      void run();
    },
    [run],
  );

  const addFiles = useCallback(
    (files: readonly File[]) => add(files.map((file) => ({ name: file.name, file }))),
    [add],
  );
  const loadSample = useCallback(() => add([{ name: "The sample", file: null }]), [add]);
  const cancel = useCallback(() => {
    const waiting = new Set(tasks.current.map(({ id }) => id));
    tasks.current = [];
    setJobs((before) =>
      before.map((job) => (waiting.has(job.id) ? { ...job, state: { is: "cancelled" } } : job)),
    );
    cancelCurrent.current?.();
  }, []);
  const clear = useCallback(() => setJobs((before) => before.filter(isRunning)), []);

  return { jobs, isBusy: jobs.some(isRunning), addFiles, loadSample, cancel, clear };
}
