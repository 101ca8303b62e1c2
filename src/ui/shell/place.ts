/** Where the page is: the address bar as a signal. */
import { computed, signal } from "@preact/signals";
import { readRoute } from "../route.ts";

const place = signal(new URL(window.location.href));

/** What the address asks for. */
export const route = computed(() => readRoute(place.value));

/** Goes to an address of this page; with `replace`, without a new step for Back. */
export function go(href: string, { replace = false } = {}): void {
  const next = new URL(href, window.location.href);
  if (next.href === window.location.href) return;
  if (replace) window.history.replaceState(undefined, "", next);
  else window.history.pushState(undefined, "", next);
  place.value = next;
}

/** Follows Back and Forward, and takes over plain clicks on links to this page's own addresses. */
export function startRouting(): void {
  window.addEventListener("popstate", () => {
    place.value = new URL(window.location.href);
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (link === null || event.button !== 0 || modified || event.defaultPrevented) return;
    if (link.origin !== window.location.origin || link.target !== "") return;
    if (readRoute(new URL(link.href)).kind === "unknown" || link.hasAttribute("download")) return;
    event.preventDefault();
    go(link.href);
  });
}
