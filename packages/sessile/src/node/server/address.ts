import { createServer, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { ServeError, systemCode } from "./serve-error.ts";

/** `localhost` becomes 127.0.0.1 and brackets go, so that what is bound does not depend on a resolver. */
export function normalizeHost(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" ? "127.0.0.1" : bare;
}

export function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** @throws ServeError `authorizer_required` when other machines could reach a Worker that lets everybody do everything */
export function requireAuthorizer(host: string, authorizer: boolean): void {
  if (isLoopback(host) || authorizer) return;
  throw new ServeError(
    "authorizer_required",
    `Listening on ${host} would let other machines in, and this Worker has no authorizer. ` +
      "Listen on 127.0.0.1, or give the Worker an authorizer and say so with `authorizer: true`.",
  );
}

/**
 * The port to give to the runtime: the wanted one if it is free, or a free one for 0. It is tried here because
 * workerd names only the socket that failed (2026-11), and because the list of allowed hosts must name the port.
 *
 * @throws ServeError `port_in_use` or `address_unavailable`
 */
export function choosePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => reject(listenFailure(error, host, port)));
    probe.listen({ host, port, exclusive: true }, () => {
      const address = probe.address();
      const chosen = typeof address === "object" && address !== null ? address.port : port;
      probe.close(() => resolve(chosen));
    });
  });
}

function listenFailure(error: unknown, host: string, port: number): ServeError {
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return portInUse(port, error);
    case "EACCES":
      return new ServeError(
        "address_unavailable",
        `Port ${port} needs rights this user lacks. Choose one above 1023 with --port.`,
        { port },
        error,
      );
    default:
      return new ServeError(
        "address_unavailable",
        `Cannot listen on ${host}: this machine has no such address. Choose one with --host.`,
        { port },
        error,
      );
  }
}

export function portInUse(port: number, cause: unknown): ServeError {
  return new ServeError(
    "port_in_use",
    `Port ${port} is already in use. Stop the program that has it, or choose another with --port (0 takes a free one).`,
    { port },
    cause,
  );
}

/** `host:port` as in a URL and in a `Host` header. */
export function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/**
 * Every `Host` the server answers to, in lower case. A wildcard address adds this machine's own addresses: a literal
 * address is safe from DNS rebinding, a name is not unless the operator vouches for it.
 */
export function allowedAuthorities(host: string, port: number, extra: readonly string[]): string[] {
  const wildcard = host === "0.0.0.0" || host === "::" || host === "*";
  const own = wildcard
    ? Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address))
    : [host];
  const names = ["127.0.0.1", "localhost", "::1", ...own].map((name) => authority(name, port));
  // Clients leave the port out when it is the scheme's own.
  if (port === 80) names.push(...names.map((name) => name.slice(0, -":80".length)));
  // An operator's name without a port stands for itself (behind a proxy) and for itself at our port.
  const vouched = extra.flatMap((name) => (/:\d+$/.test(name) ? [name] : [name, `${name}:${port}`]));
  return [...new Set([...names, ...vouched].map((name) => name.toLowerCase()))];
}
