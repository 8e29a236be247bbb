/** Every door through which the library opens sockets, by the route that it is. */
export const socketDoors = {
  session: "GET /v1/sessions/:kind/:name",
  "pretty address": "GET /notes/:name",
  "agents' address": "GET /agents/notes/:name",
  "session's stream": "GET /v1/sessions/:kind/:name/streams/:streamId",
  "standalone stream": "GET /v1/stream/:name{.+}",
  chat: "GET /api/chat",
  feed: "GET /v1/sessions",
} as const;

export type SocketDoor = keyof typeof socketDoors;
