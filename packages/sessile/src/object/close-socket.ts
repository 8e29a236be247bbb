import { closeReason } from "../protocol/close-code.ts";

/** Closes a socket that the other side may have closed already. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, closeReason(reason));
  } catch {
    // Closed by the other side.
  }
}
