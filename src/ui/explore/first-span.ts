/** How to send a first span to a Clew, as text to copy. */

/** Where spans are sent to, as URLs without a path. */
export interface OtlpEndpoints {
  readonly grpc: string;
  readonly http: string;
}

/** The addresses at which the Clew that served a page of `hostname` takes spans. */
export function otlpEndpoints(
  hostname: string,
  { grpcPort, httpPort }: { readonly grpcPort: number; readonly httpPort: number },
): OtlpEndpoints {
  return { grpc: `http://${hostname}:${grpcPort}`, http: `http://${hostname}:${httpPort}` };
}

/**
 * Lines for any POSIX shell that send one span, started a second before they are run, with random
 * ids. Uses only `date`, `od`, `tr` and `curl`.
 */
export function curlCommand({ http }: OtlpEndpoints): string {
  return `now=$(date +%s)
id() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \\n'; }
curl -sS ${http}/v1/traces -H 'Content-Type: application/json' -d '{
  "resourceSpans": [{
    "resource": {"attributes": [
      {"key": "service.name", "value": {"stringValue": "hello-clew"}}]},
    "scopeSpans": [{"scope": {"name": "curl"}, "spans": [{
      "traceId": "'"$(id 16)"'", "spanId": "'"$(id 8)"'",
      "name": "first span", "kind": 1,
      "startTimeUnixNano": "'"$((now - 1))"'000000000",
      "endTimeUnixNano": "'"$((now - 1))"'250000000",
      "attributes": [
        {"key": "greeting", "value": {"stringValue": "hello"}}]}]}]}]}'`;
}

/** The variables that point any OpenTelemetry SDK at Clew. */
export function sdkVariables({ http }: OtlpEndpoints): string {
  return `export OTEL_EXPORTER_OTLP_ENDPOINT=${http}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_TRACES_EXPORTER=otlp
export OTEL_SERVICE_NAME=my-service`;
}
