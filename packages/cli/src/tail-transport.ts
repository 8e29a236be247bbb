/** How `tail` hears what is new; the first is the default. */
export const tailTransports = ["longpoll", "sse", "poll"] as const;

export type TailTransport = (typeof tailTransports)[number];
