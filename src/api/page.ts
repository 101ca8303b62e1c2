/** The page: files built by vite, from a folder. */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../base/fault.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

// The page loads nothing from elsewhere, and what spans say must never run as a script.
const securityHeaders = (embedOrigins: readonly string[]): Record<string, string> => ({
  "content-security-policy": [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    ["frame-ancestors 'self'", ...embedOrigins].join(" "),
  ].join("; "),
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
});

/** Routes for the page's own addresses and its files in `folder` (assets have hashes in names). Pages of
 * `embedOrigins` may show it in a frame. */
export function pageRoutes(folder: string, embedOrigins: readonly string[]): Route[] {
  const page = (): Promise<HttpResponse> => indexPage(folder, embedOrigins);
  return [
    ...[
      "/",
      "/trace/:id",
      "/file",
      "/services",
      "/services/:name",
      "/map",
      "/sampling",
      "/system",
    ].map((pattern): Route => ({
      method: "GET",
      pattern,
      handler: page,
    })),
    { method: "GET", pattern: "/assets/*file", handler: (request) => asset(folder, request) },
    ...["trace-page.html", "clew-trace.js"].map((name): Route => ({
      method: "GET",
      pattern: `/${name}`,
      handler: () => file(folder, name, 0),
    })),
    { method: "GET", pattern: "/favicon.svg", handler: () => file(folder, "favicon.svg", 3600) },
  ];
}

async function indexPage(folder: string, embedOrigins: readonly string[]): Promise<HttpResponse> {
  const name = path.join(folder, "index.html");
  try {
    const body = await readFile(name);
    const headers = { "content-type": contentTypes[".html"]!, "cache-control": "no-cache" };
    return { status: 200, headers: { ...headers, ...securityHeaders(embedOrigins) }, body };
  } catch (error) {
    const message = `the page is not built: ${name} is missing; "npm run build:ui" makes it`;
    throw new Fault("notFound", message, { cause: error });
  }
}

const YEAR_SECONDS = 31_536_000;

function asset(folder: string, { params }: HttpRequest): Promise<HttpResponse> {
  return file(folder, path.join("assets", params["file"] ?? ""), YEAR_SECONDS);
}

async function file(folder: string, name: string, cacheSeconds: number): Promise<HttpResponse> {
  const full = path.join(folder, name);
  const info = await stat(full).catch(() => undefined);
  if (info?.isFile() !== true) throw new Fault("notFound", `there is no file ${name}`);
  const type = contentTypes[path.extname(full)] ?? "application/octet-stream";
  const cacheControl = `public, max-age=${cacheSeconds}${cacheSeconds === YEAR_SECONDS ? ", immutable" : ""}`;
  const headers = { "content-type": type, "cache-control": cacheControl, ...securityHeaders([]) };
  return { status: 200, headers, body: createReadStream(full) };
}
