import type { Json } from "../protocol/json.ts";
import type { SessionView } from "../protocol/view.ts";

/** The view as HTTP shows it: times as RFC 3339. */
export function showView(view: SessionView): Json {
  return {
    ...view,
    createdAt: new Date(view.createdAt).toISOString(),
    updatedAt: new Date(view.updatedAt).toISOString(),
  } as unknown as Json;
}
