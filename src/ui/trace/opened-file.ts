/** The file that is open in the page: it is read here, and nothing of it is sent or stored. */
import { signal } from "@preact/signals";
import { go } from "../shell/place.ts";
import type { TraceFile } from "./engine/file-traces.ts";
import { traceHref } from "./trace-query.ts";

/** It is gone when the page is left or loaded again: a browser does not say where it was. */
export const openedFile = signal<TraceFile | undefined>(undefined);

/** Opens a file that somebody chose or dropped. */
export function openFile(file: File): void {
  openedFile.value = { name: file.name, content: file };
  go(traceHref({ traceId: "", inFile: true }));
}
