import { fileURLToPath } from "node:url";
import { preact } from "@preact/preset-vite";
import { build, defineConfig, type InlineConfig, type Plugin, type Rollup } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
const outDir = fileURLToPath(new URL("../../dist/ui", import.meta.url));
// The first with light-dark() in CSS.
const target = ["chrome123", "firefox120", "safari17.5"];

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

/** The page that a trace is put into as one file: script and styles within it. */
const tracePage: InlineConfig = {
  configFile: false,
  root: here,
  base: "./",
  publicDir: false,
  plugins: [preact(), { name: "one-file", enforce: "post", generateBundle: intoOneFile }],
  build: {
    outDir,
    emptyOutDir: false,
    target,
    modulePreload: false,
    cssCodeSplit: false,
    rolldownOptions: {
      input: fileURLToPath(new URL("carried/trace-page.html", import.meta.url)),
      output: { codeSplitting: false },
    },
  },
};

/** The script with `<clew-trace>`, for other pages. */
const element: InlineConfig = {
  configFile: false,
  root: here,
  publicDir: false,
  build: {
    outDir,
    emptyOutDir: false,
    target,
    lib: {
      entry: fileURLToPath(new URL("element/clew-trace.ts", import.meta.url)),
      formats: ["iife"],
      name: "clewTrace",
      fileName: () => "clew-trace.js",
    },
  },
};

type Built = { type: "chunk"; code: string } | { type: "asset"; source: string | Uint8Array };

/** Puts styles and script into the page, which is then all there is. */
function intoOneFile(this: Rollup.PluginContext, _: unknown, files: Record<string, Built>): void {
  const taken = (end: string): string => {
    const names = Object.keys(files).filter((name) => name.endsWith(end));
    const texts = names.map((name) => {
      const file = files[name]!;
      delete files[name];
      return file.type === "chunk" ? file.code : String(file.source);
    });
    return texts.join("\n");
  };
  const [styles, script] = [taken(".css"), taken(".js").replaceAll("</script", "<\\/script")];
  const source = taken(".html")
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${styles}</style>`)
    .replace(/<script type="module"[^>]*><\/script>/, "")
    .replace("</body>", () => `<script type="module">${script}</script>\n  </body>`);
  this.emitFile({ type: "asset", fileName: "trace-page.html", source });
}

/** What is built beside the page. */
const besides: Plugin = {
  name: "besides",
  apply: "build",
  async closeBundle() {
    for (const bundle of [tracePage, element]) await build({ ...bundle, logLevel: "warn" });
  },
};

/** `CLEW_URL` is the Clew that `vite dev` asks for data. */
const clewUrl = process.env["CLEW_URL"] ?? "http://localhost:3200";

export default defineConfig({
  root: here,
  base: "/",
  plugins: [preact(), paintAfterScript, besides],
  build: {
    outDir,
    emptyOutDir: true,
    target,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": clewUrl } },
});
