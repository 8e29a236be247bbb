import fc from "fast-check";
import { expect, test } from "vitest";
import { type TokenBucket, takeTokens } from "./token-bucket.ts";

const rate = { perSecond: 20, burst: 40 };

test("QU20 a burst is let through, then one for each fiftieth of a second", () => {
  let bucket: TokenBucket | undefined;
  const take = (now: number, cost = 1) => {
    const answer = takeTokens(bucket, rate, now, cost);
    bucket = answer.bucket;
    return answer;
  };
  for (let n = 0; n < 40; n++) expect(take(1000).taken).toBe(true);
  expect(take(1000)).toMatchObject({ taken: false, retryAfterMs: 50 });
  expect(take(1040)).toMatchObject({ taken: false, retryAfterMs: 10 });
  expect(take(1050).taken).toBe(true);
  expect(take(900)).toMatchObject({ taken: false });
  expect(take(950).taken).toBe(true);
  expect(take(60_000, 1000).taken).toBe(true);
  expect(take(60_000)).toMatchObject({ taken: false, retryAfterMs: 50 });
});

test("QU20 whatever is asked when, no more is let through than burst and rate allow", () => {
  const asked = fc.array(fc.record({ afterMs: fc.nat(300), cost: fc.integer({ min: 1, max: 5 }) }));
  fc.assert(
    fc.property(asked, (requests) => {
      let bucket: TokenBucket | undefined;
      let [now, taken] = [0, 0];
      for (const { afterMs, cost } of requests) {
        now += afterMs;
        const answer = takeTokens(bucket, rate, now, cost);
        bucket = answer.bucket;
        if (answer.taken) taken += cost;
        else expect(takeTokens(bucket, rate, now + answer.retryAfterMs, cost).taken).toBe(true);
      }
      expect(taken).toBeLessThanOrEqual(rate.burst + (now * rate.perSecond) / 1000 + 1e-6);
    }),
  );
});
