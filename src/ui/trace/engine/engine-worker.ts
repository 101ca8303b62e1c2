/** The engine, in a Worker. */
import { portOf, serveEngine } from "./engine-calls.ts";
import { TraceEngine } from "./trace-engine.ts";

serveEngine(new TraceEngine(), portOf(globalThis));
