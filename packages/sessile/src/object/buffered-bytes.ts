/** What was sent on a socket and not read yet. The types of the platform do not know the property. */
export function bufferedBytes(socket: WebSocket): number {
  return (socket as WebSocket & { readonly bufferedAmount?: number }).bufferedAmount ?? 0;
}
