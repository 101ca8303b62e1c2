import { useEffect } from "preact/hooks";
import type { Route } from "../route.ts";
import { LogoIcon, ThemeIcon } from "./icons.tsx";
import { isTyping, KeysDialog, keysShown } from "./keys-dialog.tsx";
import { lazyPage } from "./lazy-page.tsx";
import { Nav } from "./nav.tsx";
import { Notice } from "./notice.tsx";
import { OpenTrace } from "./open-trace.tsx";
import { route } from "./place.ts";
import { chooseTheme, nextTheme, theme } from "./theme.ts";
import { Trouble } from "./trouble.tsx";

// Each page comes when it is first asked for.
const TracePage = lazyPage(() => import("../trace/trace-page.tsx"));
const ExplorePage = lazyPage(() => import("../explore/explore-page.tsx"));
const ServicesPage = lazyPage(() => import("../services/services-page.tsx"));
const ServicePage = lazyPage(() => import("../services/service-page.tsx"));
const MapPage = lazyPage(() => import("../map/map-page.tsx"));
const SystemPage = lazyPage(() => import("../system/system-page.tsx"));

/** When whatever was asked for first has most likely come. */
const PREPARE_AFTER_MS = 700;

/** The whole page: the bar on top, below it what the address asks for. */
export function App() {
  useEffect(() => {
    const timer = setTimeout(TracePage.prepare, PREPARE_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "?" && !isTyping(event)) keysShown.value = true;
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const isEmbedded = route.value.kind === "trace" && route.value.embed;
  if (isEmbedded) {
    return (
      <>
        <Page route={route.value} />
        <KeysDialog />
      </>
    );
  }
  return (
    <>
      <header class="top">
        <a class="brand" href="/" aria-label="Clew: explore">
          <LogoIcon />
          <span>Clew</span>
        </a>
        <Nav />
        <OpenTrace />
        <button
          type="button"
          class="icon-button"
          aria-label="Show the keys"
          title="Keys (?)"
          onClick={() => (keysShown.value = true)}
        >
          ?
        </button>
        <button
          type="button"
          class="icon-button theme-button"
          aria-label={`Theme: ${theme.value}. Change to ${nextTheme(theme.value)}`}
          title={`Theme: ${theme.value}`}
          onClick={() => chooseTheme(nextTheme(theme.value))}
        >
          <ThemeIcon />
          {theme.value !== "auto" && <span class="theme-name">{theme.value}</span>}
        </button>
      </header>
      <Trouble />
      <Page route={route.value} />
      <KeysDialog />
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.kind) {
    case "explore":
      return <ExplorePage query={route} />;
    case "services":
      return <ServicesPage query={route} />;
    case "service":
      return <ServicePage key={route.name} query={route} />;
    case "map":
      return <MapPage query={route} />;
    case "system":
      return <SystemPage query={route} />;
    case "trace":
      return <TracePage key={route.traceId} query={route} />;
    case "wrongTraceId":
      return (
        <Notice title={`“${route.typed}” is not a trace id`}>
          <p>{route.message}</p>
          <ToTraces />
        </Notice>
      );
    case "unknown":
      return (
        <Notice title="There is no such page">
          <p>
            <code>{route.path}</code> leads nowhere.
          </p>
          <ToTraces />
        </Notice>
      );
  }
}

function ToTraces() {
  return (
    <p>
      <a href="/">Show the recent traces</a>
    </p>
  );
}
