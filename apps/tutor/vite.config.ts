import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { sessile } from "sessile/vite";
import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  plugins: [sessile(), react(), tailwindcss()],
  resolve: { conditions: ["sessile-source", ...defaultClientConditions] },
  build: {
    outDir: "dist/ui",
    emptyOutDir: true,
    target: "es2023",
    // On a busy machine every build is slow, and it says so.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
});
