/** Keys of what is held on its way into a bucket. */
export const heldPuts = new Set<string>();
let isHolding = false;

/** Worker and objects share one isolate, so that a route of the Worker can hold them all up. */
export function holdPuts(holds: boolean): void {
  isHolding = holds;
}

/** R2, as far as sessions use it, whose puts wait while they are held. */
export function holdingPuts(bucket: R2Bucket): R2Bucket {
  return {
    put: async (key: string, body: ArrayBuffer) => {
      heldPuts.add(key);
      // A promise of one request never settles for another, so whoever is held looks for himself.
      while (isHolding) await scheduler.wait(20);
      const put = await bucket.put(key, body);
      heldPuts.delete(key);
      return put;
    },
    get: bucket.get.bind(bucket),
    head: bucket.head.bind(bucket),
    list: bucket.list.bind(bucket),
    delete: bucket.delete.bind(bucket),
  } as unknown as R2Bucket;
}
