import type { Actor } from "./event.ts";

/** Id of whoever runs the embedded server, which nobody else can have. A kind's own `authorize` is asked about it like about others. */
export const operatorId = "sessile:operator";

/** Where the deployment's authorizer is overruled, it is known by being this very object. */
export const operator: Actor = Object.freeze({ id: operatorId, name: "Operator" });
