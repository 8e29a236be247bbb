import { expect, test } from "vitest";
import { SubscriptionAlarm, settleAgainMs } from "./subscription-alarm.ts";

test("SB4 whatever happens meanwhile, a stream that could not be asked is asked again in time", () => {
  const alarms: number[] = [];
  const alarm = new SubscriptionAlarm((at) => alarms.push(at));
  for (let now = 0; now < settleAgainMs; now += 1000) alarm.arm(now, null, true);
  expect(alarms).toEqual([settleAgainMs]);
  alarm.rang();
  alarm.arm(settleAgainMs, settleAgainMs + 500, true);
  expect(alarms.at(-1)).toBe(settleAgainMs + 500);
  alarm.rang();
  alarm.arm(settleAgainMs + 500, null, true);
  alarm.arm(settleAgainMs + 600, null, false);
  expect(alarms.at(-1)).toBe(2 * settleAgainMs + 500);
});
