/**
 * Where the page is: the address bar as a signal. A page that is a file has its address in the fragment,
 * since browsers let a file change no other part.
 */
import { computed, signal } from "@preact/signals";
import { readRoute } from "../route.ts";

let inFragment = false;

/** What the address bar says; addresses in a fragment are of no server. */
function shownPlace(): URL {
  const { href, hash } = window.location;
  return inFragment ? new URL(hash.slice(1) || "/file", "http://page.invalid") : new URL(href);
}

const place = signal(shownPlace());

/** What the address asks for. */
export const route = computed(() => readRoute(place.value));

/** Goes to an address of this page; with `replace`, without a new step for Back. */
export function go(href: string, { replace = false } = {}): void {
  const next = new URL(href, place.value);
  if (next.href === place.value.href) return;
  const shown = inFragment ? `#${next.pathname}${next.search}` : next;
  if (replace) window.history.replaceState(undefined, "", shown);
  else window.history.pushState(undefined, "", shown);
  place.value = next;
}

/** Follows Back and Forward, and takes over plain clicks on links to this page's own addresses. */
export function startRouting(options: { readonly inFragment?: boolean } = {}): void {
  ({ inFragment = false } = options);
  place.value = shownPlace();
  window.addEventListener("popstate", () => {
    place.value = shownPlace();
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (link === null || event.button !== 0 || modified || event.defaultPrevented) return;
    const to = new URL(link.getAttribute("href") ?? "", place.value);
    if (to.origin !== place.value.origin || link.target !== "") return;
    if (readRoute(to).kind === "unknown" || link.hasAttribute("download")) return;
    event.preventDefault();
    go(to.href);
  });
}
