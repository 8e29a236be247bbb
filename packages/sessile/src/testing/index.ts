export { FakeClock, settled } from "./fake-clock.ts";
export { type OutboxCase, outboxContract } from "./outbox-contract.ts";
export { type FakeSocket, fakeWebSocket, SocketPair, type SocketPairOptions } from "./socket-pair.ts";
export { type SqlCase, sqlContract } from "./sql-contract.ts";
export {
  type StateStoreCase,
  type StateStoreHarness,
  stateStoreContract,
} from "./state-store-contract.ts";
export { faultyD1, faultySql, StatementFaults } from "./statement-faults.ts";
export { type StreamCase, streamContract } from "./stream-contract.ts";
export { type UsageStoreCase, usageStoreContract } from "./usage-store-contract.ts";
