/** `clew query` as people run it, against a Clew with the examples of docs/traceql.md. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { EXAMPLE_NOON, exampleTraces } from "../support/example-traces.ts";
import { otlpOfTrace } from "../support/trace-otlp.ts";

const clewFile = join(import.meta.dirname, "../../bin/clew.mjs");
const noon = BigInt(Math.floor(Date.now() / 60_000) * 60 - 600) * 1_000_000_000n;

describe("clew query", { timeout: 120_000 }, () => {
  let server: TestClew;
  before(async () => {
    server = await startTestClew();
    for (const trace of exampleTraces) {
      const startUnixNano = String(BigInt(trace.startUnixNano) - EXAMPLE_NOON + noon);
      const answer = await postTraces(server, otlpOfTrace({ ...trace, startUnixNano }));
      assert.equal(answer.status, 200);
    }
    await stored(server);
  });
  after(() => server.close());

  async function query(...args: string[]) {
    const env = { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", CLEW_URL: server.apiUrl };
    const child = spawn(process.execPath, [clewFile, "query", ...args], { env });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    const code = await new Promise((resolve) => child.on("close", resolve));
    return { code, ...output };
  }

  test("traces as a table", async () => {
    const { code, stdout } = await query("{ status = error } >> { kind = client }");
    assert.equal(code, 0);
    const [head, first, ...others] = stdout.trimEnd().split("\n");
    assert.match(head!, /^TRACE +START \(UTC\) +DURATION +SPANS +ERRORS +MATCHED +SERVICE +NAME$/);
    assert.match(
      first!,
      /^4bf92f3577b34da6a3ce929d0e0e4736 .* 2\.60 s +6 +4 +3 +web +POST \/checkout$/,
    );
    assert.deepEqual(others, []);
  });

  test("as JSON, limited, over a time", async () => {
    const from = new Date(Number(noon / 1_000_000n) - 60_000).toISOString();
    const { code, stdout } = await query("{}", "--json", "--limit", "2", "--from", from);
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as { traces: unknown[] }).traces.length, 2);
    const none = await query("{}", "--to", String(Number(noon / 1_000_000_000n) - 3600));
    assert.match(none.stdout, /^No trace answers this in this time/);
  });

  test("metrics as a chart and a table", async () => {
    const { code, stdout } = await query("{} | count_over_time() by (resource.service.name)");
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assert.match(lines[0]!, /^ *\d+ [┤|]/);
    const table = lines.slice(lines.indexOf("") + 1);
    assert.match(table[0]!, /^ +SERIES +MIN +MEAN +MAX +LAST$/);
    assert.equal(table.length, 1 + 5, stdout);
    assert.match(table.join("\n"), /^[a-e] +batch +0 /m);
    const few = await query("{} | rate() by (resource.service.name)", "--limit", "2");
    assert.match(few.stdout, /\n3 more series; --limit shows them\.\n$/);
    const json = await query("{} | rate()", "--json");
    assert.equal((JSON.parse(json.stdout) as { series: unknown[] }).series.length, 1);
    const none = await query("{ name = `none` } | rate() by (name)");
    assert.match(none.stdout, /^There is nothing to measure in this time/);
  });

  const mistakes: [args: string[], code: number, stderr: string][] = [
    [
      ["{ foo = 1 }"],
      1,
      "clew: parse error at line 1, col 3: unknown identifier: foo\nclew:   { foo = 1 }\nclew:     ^^^\n",
    ],
    [
      ["{ name = 5 }"],
      1,
      "clew: binary operations must operate on the same type: name = 5\n" +
        "clew:   { name = 5 }\nclew:     ^^^^^^^^\n",
    ],
    [["{ 1 / .zero = 1 }"], 1, "clew: division by zero\n"],
    [["{}", "--since", "1h", "--from", "1"], 2, "clew: --since and --from both say how far back\n"],
    [["{}", "--from", "20", "--to", "10"], 2, "clew: --from is not before --to\n"],
    [["{}", "--to", "noon"], 2, "clew: --to takes a time like 2026-01-31T12:00:00Z"],
    [[], 2, "clew: missing argument: QUERY\n"],
  ];
  for (const [args, code, stderr] of mistakes) {
    test(`a mistake: ${args.join(" ")}`, async () => {
      const ended = await query(...args);
      assert.equal(ended.code, code, ended.stderr);
      assert.ok(ended.stderr.startsWith(stderr), ended.stderr);
    });
  }
});
