/** A trace as a page: one file that opens without a Clew, and without a network. */
import type { Trace } from "../../../model/trace.ts";
import { CARRIED_ID } from "../carried.ts";

/** What the template has where the trace goes. */
const PLACE = "<!--carried-trace-->";

/** The page, made from the template that Clew serves. */
export async function tracePage(template: string, trace: Trace, title: string): Promise<string> {
  const json = new Blob([JSON.stringify(trace)]).stream();
  const packed = await new Response(json.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
  const data = `<script type="text/plain" id="${CARRIED_ID}">${base64(new Uint8Array(packed))}</script>`;
  // Functions, since texts would have their $& read.
  return template
    .replace(PLACE, () => data)
    .replace(/<title>.*?<\/title>/, () => `<title>${escaped(title)}</title>`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

const CHUNK_BYTES = 3 * 4096;

function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES))));
  }
  return parts.join("");
}
