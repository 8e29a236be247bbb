// The Worker, and its table of routes.
import app from "../src/worker.ts";

export * from "../src/worker.ts";

app.get("/api/test/routes", (context) =>
  context.json(app.routes.map(({ method, path }) => `${method} ${path}`)),
);

export default app;
