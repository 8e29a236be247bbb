export { FakeClock, settled } from "./fake-clock.ts";
export { type OutboxCase, outboxContract } from "./outbox-contract.ts";
export { type FakeSocket, fakeWebSocket, SocketPair, type SocketPairOptions } from "./socket-pair.ts";
export { type SqlCase, sqlContract } from "./sql-contract.ts";
export { type StreamCase, streamContract } from "./stream-contract.ts";
