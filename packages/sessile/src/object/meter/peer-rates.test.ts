import { expect, test } from "vitest";
import { defaultLimits } from "../../protocol/limits.ts";
import { PeerRates } from "./peer-rates.ts";

test("QU20 a frame of more commands than a burst holds passes on a connection that has only greeted and read", () => {
  const rates = new PeerRates({ ...defaultLimits, commandRate: { perSecond: 10, burst: 15 } });
  const socket = {} as WebSocket;
  for (let reads = 0; reads < 15; reads++) rates.assertOther(socket, 0);
  expect(() => rates.assertOther(socket, 0)).toThrow("More commands");
  rates.assertCommands(socket, 40, 0);
  expect(() => rates.assertCommands(socket, 1, 0)).toThrow("More commands");
});
