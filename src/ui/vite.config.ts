import { fileURLToPath } from "node:url";
import { preact } from "@preact/preset-vite";
import { defineConfig, type Plugin } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * Lets nothing be painted before the script ran, which knows the chosen theme. (Without the script
 * there is nothing to paint anyway, and the server's policy allows none within the page.)
 */
const paintAfterScript: Plugin = {
  name: "paint-after-script",
  transformIndexHtml: {
    order: "post",
    handler: (html) =>
      html.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

/** `CLEW_URL` is the Clew that `vite dev` asks for data. */
const clewUrl = process.env["CLEW_URL"] ?? "http://localhost:3200";

export default defineConfig({
  root: here,
  base: "/",
  plugins: [preact(), paintAfterScript],
  build: {
    outDir: fileURLToPath(new URL("../../dist/ui", import.meta.url)),
    emptyOutDir: true,
    // The first with light-dark() in CSS.
    target: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": clewUrl } },
});
