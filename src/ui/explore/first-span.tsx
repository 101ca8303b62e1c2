import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { StatusAnswer } from "../../api/contract.ts";
import { askTraces } from "../api.ts";
import { repeat } from "../repeat.ts";
import { traceHref } from "../trace/trace-query.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { go } from "../shell/place.ts";
import { curlCommand, otlpEndpoints, sdkVariables } from "./first-span.ts";

const LOOK_MS = 1500;
const lastDay = { kind: "since", seconds: 86_400 } as const;

/** The page of a Clew that has no span yet: how to send one. Moves on to the trace that arrives. */
export function FirstSpan({ status }: { status: StatusAnswer }) {
  const problem = useSignal("");
  useEffect(
    () =>
      repeat(async (signal) => {
        const query = { service: "", time: lastDay, limit: 1 };
        const answer = await askTraces(query, signal);
        if (answer.kind === "aborted") return;
        problem.value = answer.kind === "failed" ? answer.message : "";
        const newest = answer.kind === "ok" ? answer.value.traces[0] : undefined;
        if (newest !== undefined) go(traceHref(newest));
      }, LOOK_MS),
    [],
  );
  const endpoints = otlpEndpoints(window.location.hostname, status.otlp);
  const curl = curlCommand(endpoints);
  const variables = sdkVariables(endpoints);
  return (
    <main class="first">
      <h1>Clew is running. Send it a first span.</h1>
      <p class="soft" role="status">
        <i class="dot waiting" />
        {problem.value === "" ? "Waiting: the trace opens here as soon as it arrives." : problem}
      </p>

      <div class="head">
        <h2>From a shell</h2>
        <CopyButton text={curl} what="the command" label="Copy" />
      </div>
      <pre id="curl" tabIndex={0} aria-label="Command that sends a span">
        {curl}
      </pre>

      <div class="head">
        <h2>From your program</h2>
        <CopyButton text={variables} what="the variables" label="Copy" />
      </div>
      <p>Any OpenTelemetry SDK or agent follows these variables; then start the program.</p>
      <pre tabIndex={0} aria-label="Variables for an OpenTelemetry SDK">
        {variables}
      </pre>

      <h2>Where Clew listens</h2>
      <dl class="facts">
        <dt>OTLP over HTTP, protobuf or JSON</dt>
        <dd class="mono">{endpoints.http}/v1/traces</dd>
        <dt>OTLP over gRPC</dt>
        <dd class="mono">{endpoints.grpc}</dd>
      </dl>
    </main>
  );
}
