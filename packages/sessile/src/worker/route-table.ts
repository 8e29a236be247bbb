import { reservedRoutes } from "../protocol/ids.ts";
import type { KindOptions } from "./options.ts";

/** What a pretty address means. */
export interface FoundRoute {
  readonly kind: string;
  /** As it stands in the address: not decoded. */
  readonly name: string;
  readonly suffix: readonly string[];
}

/** Pretty addresses: `/{route}[/{name}[/{suffix}]]`. The longest route that an address begins with has it. */
export class RouteTable {
  readonly #byRoute = new Map<string, { readonly kind: string; readonly defaultName: string }>();
  readonly #longest: number;

  /** @throws TypeError for a route that is reserved, malformed or given twice */
  constructor(kinds: { readonly [kind: string]: KindOptions }) {
    for (const [kind, { route, defaultName = "" }] of Object.entries(kinds)) {
      if (route === undefined) continue;
      assertRoute(kind, route);
      if (this.#byRoute.has(route)) throw new TypeError(`Two kinds share the route "${route}".`);
      this.#byRoute.set(route, { kind, defaultName });
    }
    this.#longest = Math.max(0, ...[...this.#byRoute.keys()].map((route) => route.split("/").length));
  }

  find(pathname: string): FoundRoute | null {
    const segments = pathname.split("/").slice(1);
    for (let length = Math.min(this.#longest, segments.length); length > 0; length -= 1) {
      const found = this.#byRoute.get(segments.slice(0, length).map(plain).join("/"));
      if (!found) continue;
      const [given = "", ...suffix] = segments.slice(length);
      const name = given === "" && suffix.length === 0 ? found.defaultName : given;
      return name === "" ? null : { kind: found.kind, name, suffix };
    }
    return null;
  }
}

/** A segment without its encoding; what is encoded wrongly, or hides a slash, names no route. */
function plain(segment: string): string {
  try {
    const decoded = decodeURIComponent(segment);
    return decoded.includes("/") ? segment : decoded;
  } catch {
    return segment;
  }
}

function assertRoute(kind: string, route: string): void {
  const segments = route.split("/");
  if (segments.includes("")) throw new TypeError(`Kind ${kind}: "${route}" is not a route.`);
  if (reservedRoutes.has(segments[0] ?? "") || segments.some((segment) => segment.startsWith("_")))
    throw new TypeError(`Kind ${kind}: "${route}" is a reserved route.`);
}
