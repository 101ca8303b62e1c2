/**
 * `<clew-trace>`: a trace within another page, in a frame. A script of its own, served as `/clew-trace.js`.
 * docs/trace-page.md says what it takes and tells.
 */

/** Attributes that are parameters of the trace's address, too. */
const passed = ["view", "span", "filter", "colour", "theme"] as const;

/** What the page in the frame tells; see `trace/embedding.ts`. */
interface Told {
  readonly clew?: unknown;
  readonly traceId?: unknown;
  readonly span?: unknown;
}

// A script that was not put in by a tag has no address: then `src` has to say where Clew is.
const script =
  document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";

class ClewTrace extends HTMLElement {
  static readonly observedAttributes = ["src", "trace-id", ...passed];
  readonly #frame = document.createElement("iframe");
  readonly #onMessage = (event: MessageEvent): void => this.#hear(event);

  constructor() {
    super();
    const style = document.createElement("style");
    style.textContent =
      ":host{display:block;height:480px}:host([hidden]){display:none}" +
      "iframe{display:block;width:100%;height:100%;border:0}";
    this.#frame.title = "Trace";
    this.attachShadow({ mode: "open" }).append(style, this.#frame);
  }

  connectedCallback(): void {
    window.addEventListener("message", this.#onMessage);
    this.#show();
  }

  disconnectedCallback(): void {
    window.removeEventListener("message", this.#onMessage);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#show();
  }

  #show(): void {
    const traceId = this.getAttribute("trace-id") ?? "";
    if (traceId === "") return this.#frame.removeAttribute("src");
    const base = new URL(this.getAttribute("src") ?? "/", script || document.baseURI);
    const url = new URL(`/trace/${encodeURIComponent(traceId)}`, base);
    for (const name of passed) {
      const value = this.getAttribute(name);
      if (value !== null) url.searchParams.set(name, value);
    }
    url.searchParams.set("embed", "1");
    if (this.#frame.src !== url.href) this.#frame.src = url.href;
  }

  #hear({ source, data }: MessageEvent): void {
    if (source !== this.#frame.contentWindow) return;
    const { clew, traceId, span } = (data ?? {}) as Told;
    if (clew !== "select") return;
    this.dispatchEvent(
      new CustomEvent("clew-select", { detail: { traceId, span }, bubbles: true }),
    );
  }
}

if (customElements.get("clew-trace") === undefined) customElements.define("clew-trace", ClewTrace);
