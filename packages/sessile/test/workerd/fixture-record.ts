import type { SessionRecord } from "sessile";

/** Worker and objects share one isolate, so that a route of the Worker can break the record of every object. */
export const recordFault = { isDown: false };

/** A record that can be made to fail, as D1 does in an outage. */
export function faultyRecord(record: SessionRecord): SessionRecord {
  return new Proxy(record, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (recordFault.isDown) return Promise.reject(new Error("D1_ERROR: Network connection lost."));
        return method.apply(target, args);
      };
    },
  });
}
