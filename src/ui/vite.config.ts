import { fileURLToPath } from "node:url";
import { preact } from "@preact/preset-vite";
import { defineConfig } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

/** `CLEW_URL` is the Clew that `vite dev` asks for data. */
const clewUrl = process.env["CLEW_URL"] ?? "http://localhost:3200";

export default defineConfig({
  root: here,
  base: "/",
  plugins: [preact()],
  build: {
    outDir: fileURLToPath(new URL("../../dist/ui", import.meta.url)),
    emptyOutDir: true,
    // The first with light-dark() in CSS.
    target: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": clewUrl } },
});
