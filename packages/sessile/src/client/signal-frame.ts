import { type Json, SessileError } from "../protocol/index.ts";
import type { TransportName } from "./environment.ts";

/** @throws SessileError `rejected` over a transport that carries no signals */
export function signalFrame(signal: Json, transport: TransportName): string {
  if (transport !== "websocket")
    throw new SessileError("rejected", `Signals need a WebSocket; this client uses ${transport}.`, {
      field: "transport",
    });
  return JSON.stringify({ t: "signal", signal });
}
