/** Codes that say how a socket ended and are never sent (RFC 6455, 7.4.1): nobody is there to read an answer. */
const gone: ReadonlySet<number> = new Set([1006, 1015]);
/** The close frame named no code, and nor does its answer. */
const unnamed = 1005;

/** Answers a close frame; one that is not answered shows as 1006 on the other side, after a wait. */
export function answerClose(socket: WebSocket, code: number): void {
  if (gone.has(code)) return;
  if (code === unnamed) socket.close();
  else socket.close(code);
}
