import { expect, test } from "vitest";
import type { Json } from "../../protocol/json.ts";
import { alone } from "./alone.ts";
import { SessionObject } from "./session-object.ts";
import { SimulatedD1 } from "./simulated-d1.ts";
import { World } from "./world.ts";

/** Found by a seed of a repertoire that has changed since. */
test("SI6 a clock that is set back after a directory row has failed keeps no events from the record", async () => {
  const world = new World(1, { inLedgerMode: true, repertoire: "commands" });
  world.heal();
  await alone(world, async () => {
    const d1 = await SimulatedD1.open(world);
    world.d1 = d1;
    const object = new SessionObject(world, "s0");
    const pass = async (ms: number) => {
      const until = world.timeline.now + ms;
      for (let next = world.timeline.take(until); next; next = world.timeline.take(until)) {
        next.run?.();
        await new Promise((resolve) => setImmediate(resolve));
        object.endTurn();
      }
    };
    const ask = (command: Json) =>
      object.request(
        { op: "commands", commands: [command], chars: 100 },
        "ada",
        () => {},
        () => {},
      );

    world.timeline.plan(0, "", () => ask({ op: "append", id: "a", type: "note.added", payload: null }));
    await pass(5000);
    expect(d1.recordedSeq(object)).toBe(3);

    world.timeline.plan(0, "", () => ask({ op: "setStatus", id: "b", to: "busy" }));
    while (d1.recordedSeq(object) < 4) await pass(1);
    d1.setDown(true);
    await pass(50);
    d1.setDown(false);
    await pass(5000);

    object.setSkew(-60_000);
    world.timeline.plan(0, "", () => ask({ op: "append", id: "c", type: "note.added", payload: null }));
    await pass(5000);
    expect([d1.recordedSeq(object), object.durableSeq]).toEqual([5, 5]);
    object.dispose();
    d1.dispose();
  });
  expect(world.failures).toEqual([]);
});
