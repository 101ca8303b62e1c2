/** The page of a file that carries its trace: see `trace/carried.ts`. Everything runs in the page itself,
 * since a browser starts no Worker for a file. */
import { render } from "preact";
import { BarButtons } from "../shell/bar-buttons.tsx";
import { LogoIcon } from "../shell/icons.tsx";
import { KeysDialog } from "../shell/keys-dialog.tsx";
import { route, startRouting } from "../shell/place.ts";
import { EngineClient, portOf, serveEngine } from "../trace/engine/engine-calls.ts";
import { TraceEngine } from "../trace/engine/trace-engine.ts";
import { TraceAt } from "../trace/trace-at.tsx";
import { readTraceQuery } from "../trace/trace-query.ts";

function openEngineHere(): { readonly engine: EngineClient; readonly close: () => void } {
  const { port1, port2 } = new MessageChannel();
  serveEngine(new TraceEngine(), portOf(port1));
  const engine = new EngineClient(portOf(port2));
  port1.start();
  port2.start();
  return { engine, close: () => port1.close() };
}

function CarriedApp() {
  const asked = route.value;
  const query = asked.kind === "trace" ? asked : readTraceQuery("", new URLSearchParams(), true);
  return (
    <>
      <header class="top">
        <span class="brand">
          <LogoIcon />
          <span>Clew</span>
        </span>
        <span class="spacer" />
        <BarButtons />
      </header>
      <TraceAt query={query} openEngine={openEngineHere} />
      <KeysDialog />
    </>
  );
}

startRouting({ inFragment: true });
render(<CarriedApp />, document.querySelector("#app")!);
