import { expect } from "vitest";
import { type Action, actions } from "../../src/protocol/access.ts";
import { RawSocket } from "../workerd/raw-socket.ts";
import type { Answer, Fixture } from "../workerd/start.ts";
import { pathOf, type RouteRule, routeRules } from "./route-rules.ts";

/** A kind whose sessions belong to whoever makes them. */
const kind = "vaults";
const owner = "ada";
/** Beside the owner: whoever was let in, with what they may do. */
const members: { readonly [id: string]: readonly Action[] } = {
  "a-reader": ["read"],
  "a-writer": ["read", "write"],
  "an-approver": ["read", "approve"],
  "an-admin": ["read", "admin"],
};
/** Nobody in particular, and somebody who is no member. */
const outsiders = [null, "eve"] as const;
const refusal = /^You may not|^There is no such session/;

/** Routes of one session, whatever its kind. The inspector is off here, and answers everybody alike. */
export const sessionRules = routeRules.filter(
  ({ route, right }) =>
    right !== "open" && route.includes("/v1/sessions/:kind/:name") && !route.includes("/inspect"),
);

/** A session of Ada's, with members. */
export class OwnedSession {
  readonly #fixture: Fixture;
  readonly name: string;

  private constructor(fixture: Fixture, name: string) {
    this.#fixture = fixture;
    this.name = name;
  }

  static async make(fixture: Fixture): Promise<OwnedSession> {
    const session = new OwnedSession(fixture, fixture.name("owned"));
    const made = await session.#ask(owner, "POST", `/v1/sessions/${kind}/${session.name}/access`, {
      members,
    });
    expect(made.status).toBe(200);
    return session;
  }

  /** Whether it is there cannot be told by whoever may not read it. */
  async hides({ route, body, connects }: RouteRule): Promise<void> {
    const isRead = route.startsWith("GET") && !connects;
    for (const id of outsiders) {
      const real = await this.#send(id, route, this.name, body);
      expect([id, real.status]).toEqual([id, expect.toBeOneOf([401, 404])]);
      if (isRead) expect(shown(real)).toEqual(shown(await this.#send(id, route, "nobody-has-this", body)));
    }
  }

  /** Members do what they were let, and its owner everything. */
  async serves({ route, right, body }: RouteRule): Promise<void> {
    const may = ([, rights]: readonly [string, readonly Action[]]) => rights.includes(right as Action);
    // Whoever may comes last: the session may be gone then.
    const everybody = Object.entries(members).sort((a, b) => Number(may(a)) - Number(may(b)));
    for (const member of [...everybody, [owner, actions] as const]) {
      const [id] = member;
      const { status, body: answer } = await this.#send(id, route, this.name, body);
      if (may(member)) expect([id, answer.detail ?? ""]).toEqual([id, expect.not.stringMatching(refusal)]);
      else expect([id, status]).toEqual([id, expect.toBeOneOf([403, 404, 409])]);
    }
  }

  /** By every door there is. @returns the codes by which sockets were closed */
  async knock(id: string | null): Promise<number[]> {
    const codes: number[] = [];
    const session = `/v1/sessions/${kind}/${this.name}`;
    for (const path of [session, `/agents/${kind}/${this.name}`, `${session}/streams/s`]) {
      for (const protocols of [["sessile.v1"], []]) {
        const socket = await RawSocket.open(this.#fixture.at(path), { protocols, headers: as(id) });
        codes.push((await socket.closed).code);
      }
    }
    return codes;
  }

  /** Who has written anything. */
  async authors(): Promise<Set<string | null>> {
    const { body } = await this.#ask(owner, "GET", `/v1/sessions/${kind}/${this.name}/events?limit=1000`);
    return new Set(body.items.map(({ actor }: { actor: { id: string } | null }) => actor?.id ?? null));
  }

  #send(id: string | null, route: string, name: string, body: unknown): Promise<Answer> {
    const { method, path } = pathOf(route, name);
    return this.#ask(id, method, path.replace("/notes/", `/${kind}/`), body);
  }

  #ask(id: string | null, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.#fixture.ask(method, path, { headers: as(id), ...(body === undefined ? {} : { body }) });
  }
}

function as(id: string | null): Record<string, string> {
  return id === null ? {} : { "x-test-user": id };
}

/** What an answer tells, apart from which request it is for. */
function shown({ status, body }: Answer): unknown {
  if (typeof body !== "object") return [status, body];
  const { requestId: _requestId, ...rest } = body;
  return [status, rest];
}
