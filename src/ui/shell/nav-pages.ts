/** The pages that one can always go to. */
import { exploreHref } from "../explore/explore-route.ts";
import { mapHref } from "../map/map-route.ts";
import type { Route } from "../route.ts";
import { samplingHref } from "../sampling/sampling-route.ts";
import { servicesHref } from "../services/services-route.ts";
import { systemHref } from "../system/system-route.ts";
import type { TimeView } from "../time-choice.ts";

interface NavPage {
  readonly name: string;
  /** Leads there when pressed after "g". */
  readonly key: string;
  /** The addresses that are part of it. */
  readonly kinds: readonly Route["kind"][];
  /** Its address for a time. */
  readonly href: (time: TimeView) => string;
}

/** In the order in which they stand on top. */
export const navPages: readonly NavPage[] = [
  { name: "Explore", key: "e", kinds: ["explore"], href: exploreHref },
  { name: "Services", key: "s", kinds: ["services", "service"], href: servicesHref },
  { name: "Map", key: "m", kinds: ["map"], href: mapHref },
  { name: "Sampling", key: "p", kinds: ["sampling"], href: () => samplingHref() },
  { name: "System", key: "y", kinds: ["system"], href: systemHref },
];

/** The list of their keys that `?` shows. */
export const navKeyHelp: readonly (readonly [keys: readonly string[], what: string])[] =
  navPages.map(({ name, key }) => [["g", key], `Go to ${name}`]);
