/* Apart from the schemas, so that a client that only names these does not carry a schema library. */

/** WebSocket subprotocol of this protocol; a socket without it is left to other faces. */
export const subprotocol = "sessile.v1";
export const protocolVersion = 1;

/** Text a client sends to learn that the socket still lives. Answered by the platform itself, so that a sleeping session stays asleep. */
export const pingText = "ping";
export const pongText = "pong";
