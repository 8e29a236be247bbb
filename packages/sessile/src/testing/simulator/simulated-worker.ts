import { Hono } from "hono";
import type { HostRequest } from "../../object/session-request.ts";
import { actions } from "../../protocol/access.ts";
import type { SessionCaller, SessionReply } from "../../protocol/request.ts";
import { problemResponse } from "../../worker/problem.ts";
import { commandRoutes } from "../../worker/routes/command-routes.ts";
import { type SessionVariables, sessionRoutes } from "../../worker/routes/session-routes.ts";
import { SessionTarget } from "../../worker/session-stub.ts";
import { actorOf, type SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import { Wire, type WireEnd } from "./wire.ts";
import type { World } from "./world.ts";

/** One request in the Worker, with the sockets that it holds to the object and loses when its client is gone. */
export interface WorkerRequest {
  readonly response: Promise<Response>;
  abandon(): void;
}

type Sender = Pick<SessionVariables, "target" | "actor">;
const app = new Hono<{ Bindings: Sender; Variables: SessionVariables }>();
app.use(async ({ env, set }, next) => {
  set("target", env.target);
  set("actor", env.actor);
  set("require", async () => {});
  set("rights", async () => actions);
  await next();
});
app.route("/", commandRoutes());
app.route("/", sessionRoutes());
app.onError((thrown) => problemResponse(thrown, "simulated"));

/** The real routes in front of one session. */
export class SimulatedWorker {
  readonly #world: World;
  readonly #object: SessionObject;
  #wires = 0;

  constructor(world: World, object: SessionObject) {
    this.#world = world;
    this.#object = object;
  }

  handle(request: Request, owner: string): WorkerRequest {
    const wires: Wire[] = [];
    const { kind } = SimulatedKind;
    const SESSION = { getByName: () => this.#stub(owner, wires) };
    const target = new SessionTarget(
      { SESSION },
      { [kind]: { binding: "SESSION" } },
      kind,
      this.#object.name,
    );
    return {
      response: Promise.resolve(app.fetch(request, { target, actor: actorOf(owner) })),
      abandon: () => {
        for (const wire of wires) wire.client.close(1001);
      },
    };
  }

  /** What the platform gives the Worker for an object: calls that reach it or fail, and may be tried again. */
  #stub(owner: string, wires: Wire[]) {
    return {
      handleSessionRequest: (request: HostRequest, _caller: SessionCaller) =>
        new Promise<SessionReply>((resolve, reject) =>
          this.#object.request(request, owner, resolve, () =>
            reject(Object.assign(new Error("The object has been reset."), { retryable: true })),
          ),
        ),
      fetch: () => this.#follow(owner, wires),
    };
  }

  #follow(owner: string, wires: Wire[]): Promise<unknown> {
    const object = this.#object;
    const end: WireEnd = {
      accepted: (wire) => object.accepted(wire),
      received: (wire, text) => object.received(wire, text),
      ended: (wire, code) => object.ended(wire, code),
    };
    const wire = new Wire(this.#world, `${owner} follows#${++this.#wires}`, owner, end, true);
    wires.push(wire);
    const { client } = wire;
    const webSocket = {
      accept: () => {},
      send: (text: string) => client.send(text),
      close: (code?: number) => client.close(code),
      addEventListener: client.addEventListener.bind(client),
    };
    return new Promise((resolve, reject) => {
      client.addEventListener("open", () => resolve({ webSocket }));
      client.addEventListener("close", () => reject(new Error("The object has been reset.")));
      wire.dial();
    });
  }
}
