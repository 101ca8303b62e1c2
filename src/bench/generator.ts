/** The generator: a process of its own, started with an IPC channel by `generator-process.ts`, so that
 * its work is nobody else's. Prepares the traffic, then sends it when it is told to. */
import { Load, realClock } from "./load.ts";
import type { ChildMessage, LoadOptions, ParentMessage } from "./protocol.ts";
import { makeTraffic, USUAL_DIFFERENT_SPANS } from "./request-templates.ts";
import type { Sender } from "./sender.ts";

const PROGRESS_EVERY_MS = 1000;

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message, () => {});
}

async function openSender(options: LoadOptions): Promise<Sender> {
  const { otlpUrl: url, connections, gzip } = options;
  switch (options.protocol) {
    case "http":
      return (await import("./send-http.ts")).httpSender({ url, connections, gzip });
    case "grpc":
      return (await import("./send-grpc.ts")).grpcSender({ url, connections, gzip });
  }
}

async function prepare(options: LoadOptions): Promise<Load> {
  const { templates, ...traffic } = makeTraffic({
    seed: options.seed,
    keys: options.keys,
    spansPerRequest: options.spansPerRequest,
    templates: options.connections,
    differentSpans: USUAL_DIFFERENT_SPANS,
  });
  const sender = await openSender(options);
  send({ kind: "ready", traffic });
  const onFresh = (trace: { traceId: string; spans: number }): void =>
    send({ kind: "fresh", trace });
  return new Load({ options, templates, sender, clock: realClock, onFresh });
}

let prepared: Load | undefined;

async function obey(message: ParentMessage): Promise<void> {
  switch (message.kind) {
    case "prepare":
      prepared = await prepare(message.options);
      return;
    case "start": {
      const load = prepared!;
      const timer = setInterval(() => {
        send({ kind: "progress", ...load.progress });
      }, PROGRESS_EVERY_MS);
      const result = await load.run();
      clearInterval(timer);
      return send({ kind: "done", result });
    }
  }
}

// The parent decides when to end; its own end closes the channel.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ParentMessage) => {
  obey(message).catch((error: unknown) => {
    send({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  });
});
