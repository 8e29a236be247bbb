// The Worker, its table of routes, and a door to it over https.
import app from "../src/worker.ts";

export * from "../src/worker.ts";

app.get("/api/test/routes", (context) =>
  context.json(app.routes.map(({ method, path }) => `${method} ${path}`)),
);

// As behind a public address: the request that reached the Worker was encrypted.
app.post("/api/test/profile-over-https", (context) =>
  app.request(new Request("https://tutor.example/api/profile", context.req.raw), {}, context.env),
);

export default app;
