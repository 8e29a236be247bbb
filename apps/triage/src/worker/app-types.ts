import type { Env } from "./env.ts";

export interface AppTypes {
  Bindings: Env & object;
}
