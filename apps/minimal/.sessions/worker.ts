// Written by `sessile generate`. Changes are lost.
import { createSessile } from "sessile/worker";

export { default as Counter } from "../sessions/counter/session.ts";

export default createSessile({
  kinds: {
    "counter": {
      binding: "COUNTER",
      route: "counter",
      defaultName: "default",
    },
  },
});
