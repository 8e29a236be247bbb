import { StreamObject } from "../../src/stream/index.ts";
import { createSessile } from "../../src/worker/index.ts";

export { StreamObject };

export default createSessile({
  kinds: {},
  // Shorter than the suite's own patience with one request.
  streams: { binding: "SESSILE_STREAM", longPollMs: 500 },
});
