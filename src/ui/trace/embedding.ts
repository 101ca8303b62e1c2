import { useEffect } from "preact/hooks";

/**
 * Tells the page around an embedded trace which span is chosen ("" for none). Which pages may be around is
 * said by `http.embedOrigins`, so whoever hears it is one of these.
 */
export function useTellChosen(isEmbedded: boolean, traceId: string, span: string): void {
  useEffect(() => {
    if (!isEmbedded || window.parent === window) return;
    window.parent.postMessage({ clew: "select", traceId, span }, "*");
  }, [isEmbedded, traceId, span]);
}
