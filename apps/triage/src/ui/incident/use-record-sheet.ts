import { useCallback, useState } from "react";
import type { RecordRef } from "./record-context.ts";

export function useRecordSheet() {
  const [record, setRecord] = useState<RecordRef | null>(null);
  const openRecord = useCallback((next: RecordRef) => setRecord(next), []);
  const closeRecord = useCallback(() => setRecord(null), []);
  return { record, openRecord, closeRecord };
}
