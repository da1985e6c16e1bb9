import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The API that `npm run dev` speaks to: a running Airflow with the plugin. */
const api = process.env["DATAFLOW_API"] ?? "http://localhost:8080";

export default defineConfig({
  // Relative, because the prefix of Airflow's `api.base_url` is known at run time only; index.html sets the base.
  base: "./",
  build: {
    chunkSizeWarningLimit: 1600,
    emptyOutDir: true,
    outDir: here("../../dataflow_provider/api/static"),
    reportCompressedSize: true,
    target: "es2022",
  },
  plugins: [react()],
  resolve: { alias: { src: here("./src") } },
  server: { proxy: { "/dataflow/api": { target: api, ws: true } } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    testTimeout: 60_000,
  },
});
