import { useEffect } from "preact/hooks";
import type { Route } from "../route.ts";
import { lastHour, type TimeView } from "../time-choice.ts";
import { isTyping } from "./keys-dialog.tsx";
import { navPages } from "./nav-pages.ts";
import { go, route } from "./place.ts";

/** Links to the pages that one can always go to. They keep the time that is looked at. */
export function Nav() {
  useNavKeys();
  const time = timeOf(route.value);
  return (
    <nav class="pages" aria-label="Pages">
      {navPages.map(({ name, key, kinds, href }) => (
        <a
          key={name}
          href={href(time)}
          title={`${name} ( g ${key} )`}
          aria-current={kinds.includes(route.value.kind) ? "page" : undefined}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}

function timeOf(at: Route): TimeView {
  return "time" in at ? { time: at.time, utc: at.utc } : lastHour;
}

/** "g" and then the key of a page. */
function useNavKeys(): void {
  useEffect(() => {
    let isBegun = false;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
      const isSecond = isBegun;
      isBegun = event.key === "g";
      const page = isSecond ? navPages.find(({ key }) => key === event.key) : undefined;
      if (page === undefined) return;
      // The page at hand has other uses for some of these keys.
      event.stopPropagation();
      event.preventDefault();
      go(page.href(timeOf(route.value)));
    };
    document.addEventListener("keydown", onKey, { capture: true });
    return () => document.removeEventListener("keydown", onKey, { capture: true });
  }, []);
}
