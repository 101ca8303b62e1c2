import { useEffect } from "preact/hooks";
import type { Route } from "../route.ts";
import { openedFile } from "../trace/opened-file.ts";
import { BarButtons } from "./bar-buttons.tsx";
import { ChooseFile, FileDrop } from "./file-drop.tsx";
import { LogoIcon } from "./icons.tsx";
import { KeysDialog } from "./keys-dialog.tsx";
import { lazyPage } from "./lazy-page.tsx";
import { Nav } from "./nav.tsx";
import { Notice } from "./notice.tsx";
import { OpenTrace } from "./open-trace.tsx";
import { route } from "./place.ts";
import { Trouble } from "./trouble.tsx";

// Each page comes when it is first asked for.
const TracePage = lazyPage(() => import("../trace/trace-page.tsx"));
const ExplorePage = lazyPage(() => import("../explore/explore-page.tsx"));
const ServicesPage = lazyPage(() => import("../services/services-page.tsx"));
const ServicePage = lazyPage(() => import("../services/service-page.tsx"));
const MapPage = lazyPage(() => import("../map/map-page.tsx"));
const SamplingPage = lazyPage(() => import("../sampling/sampling-page.tsx"));
const SystemPage = lazyPage(() => import("../system/system-page.tsx"));

/** When whatever was asked for first has most likely come. */
const PREPARE_AFTER_MS = 700;

/** The whole page: the bar on top, below it what the address asks for. */
export function App() {
  useEffect(() => {
    const timer = setTimeout(TracePage.prepare, PREPARE_AFTER_MS);
    return () => clearTimeout(timer);
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
        <ChooseFile plain />
        <BarButtons />
      </header>
      <FileDrop />
      <Trouble />
      <Page route={route.value} />
      <KeysDialog />
    </>
  );
}

/** What a page of a trace is made anew for. */
function traceKey({ inFile, traceId }: { inFile: boolean; traceId: string }): string {
  return inFile ? `${openedFile.value?.name ?? ""} ${traceId}` : traceId;
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
    case "sampling":
      return <SamplingPage query={route} />;
    case "system":
      return <SystemPage query={route} />;
    case "trace":
      return <TracePage key={traceKey(route)} query={route} />;
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
