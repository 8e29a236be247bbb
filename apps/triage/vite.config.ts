import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { sessile } from "sessile/vite";
import { defaultClientConditions, defineConfig } from "vite";

const server = "http://127.0.0.1:8787";

export default defineConfig({
  plugins: [sessile(), react(), tailwindcss()],
  // The workspace's packages straight from their sources: nothing has to be built first.
  resolve: { conditions: ["sessile-source", ...defaultClientConditions] },
  build: {
    outDir: "dist/ui",
    emptyOutDir: true,
    target: "es2023",
    // One page that people keep open all day: a second request would cost more than the bytes it saves.
    chunkSizeWarningLimit: 700,
    // On a busy machine every build is slow, and it says so.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: {
    proxy: {
      "/api": { target: server, ws: true },
      "/v1": { target: server, ws: true },
    },
  },
});
