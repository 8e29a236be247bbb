import { callContract } from "./call-contract.ts";
import type { ClientCase } from "./client-scene.ts";
import { connectionContract } from "./connection-contract.ts";
import { stateContract } from "./state-contract.ts";

/** What `AgentClient` may rely on; run with each version of it, in Node and in a browser. */
export const clientContract: readonly ClientCase[] = [
  ...connectionContract,
  ...stateContract,
  ...callContract,
];
