import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Fault } from "../base/fault.ts";
import { defaultConfig, leaves } from "./config.ts";
import { type ConfigFlag, loadConfig } from "./load-config.ts";
import { formatBytes, parseBytes } from "../base/byte-size.ts";

describe("loadConfig", () => {
  const folder = mkdtempSync(join(tmpdir(), "clew-config-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "clew.yaml");

  function load(yaml: string, env: Record<string, string> = {}, flags: ConfigFlag[] = []) {
    writeFileSync(file, yaml);
    return loadConfig({ file, env, flags });
  }
  function problems(...input: Parameters<typeof load>): string[] {
    try {
      load(...input);
    } catch (error) {
      assert.ok(error instanceof Fault);
      assert.equal(error.code, "invalid");
      return error.message.replaceAll(file, "clew.yaml").split("\n");
    }
    return [];
  }
  const set = (key: string, text: string): ConfigFlag => ({ name: "--set", key, text });

  test("nothing set: the defaults", () => {
    const { config, sources } = loadConfig({ env: { PATH: "/bin" }, flags: [] });
    assert.deepEqual(config, defaultConfig);
    assert.equal(config.otlp.http.port, 4318);
    assert.equal(config.clickhouse.url, undefined);
    assert.deepEqual(sources.get("otlp.http.port"), { kind: "default" });
    assert.equal(sources.size, leaves.length);
  });

  for (const empty of ["", "\n", "# only a comment\n", "otlp:\n", "---\n"]) {
    test(`an empty file is no mistake: ${JSON.stringify(empty)}`, () => {
      assert.deepEqual(load(empty).config, defaultConfig);
    });
  }

  test("flags over variables over file over defaults", () => {
    const yaml = "otlp:\n  http: { port: 1 }\n  grpc: { port: 2 }\nhttp: { port: 3 }\n";
    const env = { CLEW_OTLP_HTTP_PORT: "11", CLEW_OTLP_GRPC_PORT: "12" };
    const { config, sources } = load(yaml, env, [set("otlp.http.port", "21")]);
    assert.equal(config.otlp.http.port, 21);
    assert.equal(config.otlp.grpc.port, 12);
    assert.equal(config.http.port, 3);
    assert.deepEqual(sources.get("otlp.http.port"), { kind: "flag", name: "--set" });
    assert.deepEqual(sources.get("otlp.grpc.port"), {
      kind: "variable",
      name: "CLEW_OTLP_GRPC_PORT",
    });
    assert.deepEqual(sources.get("http.port"), { kind: "file", file, line: 4 });
  });

  test("sizes and lists, from file and from text", () => {
    const yaml = [
      "otlp:",
      "  maxRequestBytes: 1.5 MiB",
      "  http: { corsOrigins: [https://a.example] }",
      "ingest:",
      "  maxBlockBytes: 2048",
    ].join("\n");
    const fromFile = load(yaml).config;
    assert.equal(fromFile.otlp.maxRequestBytes, 1_572_864);
    assert.equal(fromFile.ingest.maxBlockBytes, 2048);
    assert.deepEqual(fromFile.otlp.http.corsOrigins, ["https://a.example"]);
    const fromEnv = load("", {
      CLEW_OTLP_MAX_REQUEST_BYTES: "3 MB",
      CLEW_OTLP_HTTP_CORS_ORIGINS: "https://a.example, https://b.example:8080",
    }).config;
    assert.equal(fromEnv.otlp.maxRequestBytes, 3_000_000);
    assert.deepEqual(fromEnv.otlp.http.corsOrigins, [
      "https://a.example",
      "https://b.example:8080",
    ]);
  });

  test("an anchor may be used again", () => {
    const yaml = "otlp:\n  maxRequestBytes: &size 2MiB\ningest:\n  maxBlockBytes: *size\n";
    assert.equal(load(yaml).config.ingest.maxBlockBytes, 2_097_152);
  });

  test("an external ClickHouse, its password from a variable", () => {
    const { config } = load("clickhouse: { url: 'http://db:8123', user: clew }", {
      CLEW_CLICKHOUSE_PASSWORD: "12345",
    });
    assert.equal(config.clickhouse.url, "http://db:8123");
    assert.equal(config.clickhouse.password, "12345");
  });

  test("variables of service links and empty ones are passed over", () => {
    const env = {
      CLEW_SERVICE_HOST: "10.0.0.1",
      CLEW_SERVICE_PORT_HTTP: "3200",
      CLEW_PORT: "tcp://10.0.0.1:3200",
      CLEW_PORT_3200_TCP_ADDR: "10.0.0.1",
      CLEW_HTTP_PORT: "tcp://10.0.0.1:3200",
      CLEW_URL: "http://127.0.0.1:3200",
      CLEW_LOG_LEVEL: "",
    };
    assert.deepEqual(load("", env).config, defaultConfig);
  });

  const port = "a whole number from 0 to 65535";
  const mistakes: [yaml: string, ...want: string[]][] = [
    [
      "\notlp:\n  http:\n    prot: 1\n",
      "clew.yaml:4: otlp.http.prot: unknown key; did you mean port?",
    ],
    ["otlp:\n  http:\n    port: abc\n", `clew.yaml:3: otlp.http.port: "abc" is not ${port}`],
    ["otlp:\n  http:\n    port: 70000\n", `clew.yaml:3: otlp.http.port: 70000 is not ${port}`],
    ["otlp: { http: { port: '4318' } }", `clew.yaml:1: otlp.http.port: "4318" is not ${port}`],
    ["http:\n  port:\n", `clew.yaml:2: http.port: nothing is not ${port}`],
    ["http:\n  port: [1]\n", `clew.yaml:2: http.port: [ 1 ] is not ${port}`],
    ["http:\n  port: .nan\n", `clew.yaml:2: http.port: NaN is not ${port}`],
    ["oltp: {}", "clew.yaml:1: oltp: unknown key; did you mean otlp?"],
    ["retentionDays: 3", "clew.yaml:1: retentionDays: unknown key; did you mean retention.days?"],
    [
      "otlp:\n  http:\n    cors_origins: []",
      "clew.yaml:3: otlp.http.cors_origins: unknown key; did you mean corsOrigins?",
    ],
    [
      "otlp.http.port: 1",
      "clew.yaml:1: otlp.http.port: unknown key; write one level a line: otlp: { http: { port …",
    ],
    ["data:\n  zzzzzz: 1", "clew.yaml:2: data.zzzzzz: unknown key; keys here are dir"],
    ["toString: 1", /unknown key/.source],
    ["data: ./data", 'clew.yaml:1: data: "./data" is not a group of settings; keys here are dir'],
    ["- data", /the file: \[ 'data' \] is not a group of settings/.source],
    ["log: { level: loud }", /"loud" is not one of debug, info, warn, error/.source],
    ["data: { dir: '' }", 'clew.yaml:1: data.dir: "" is not the path of a folder'],
    ["http: { port: 1 }\nhttp: { port: 2 }", /^clew\.yaml:2: .*unique/.source],
    ["a: [1", /^clew\.yaml:\d+: /.source],
    ["a: 1\n---\nb: 2", /^clew\.yaml:\d+: .*documents/.source],
    ["data: { dir: *nowhere }", /^clew\.yaml:1: \*nowhere: no such/.source],
    ["data: *nowhere", /^clew\.yaml:1: \*nowhere: no such/.source],
    [
      "otlp: { maxRequestBytes: 64 parsecs }",
      'clew.yaml:1: otlp.maxRequestBytes: "64 parsecs" is not a size like 67108864, "64MiB" or' +
        ' "1.5 GB", from 1 KiB to 1 TiB',
    ],
    ["otlp: { http: { port: 3200 } }", "http.port: 3200 is taken by otlp.http.port"],
    [
      "ingest:\n  maxMemoryBytes: 128MiB",
      "clew.yaml:2: ingest.maxMemoryBytes: ingest.maxMemoryBytes is 134217728, less than 4 times" +
        " otlp.maxRequestBytes",
    ],
    [
      "ingest:\n  workers: 4\n  maxMemoryBytes: 512MiB",
      "clew.yaml:3: ingest.maxMemoryBytes: ingest.maxMemoryBytes is 134217728 for each worker, less" +
        " than 4 times otlp.maxRequestBytes",
    ],
    [
      "otlp:\n  maxRequestBytes: 256MiB",
      "clew.yaml:2: otlp.maxRequestBytes: ingest.maxMemoryBytes is 536870912, less than 4 times",
    ],
    ["ingest: { workers: 0 }", "clew.yaml:1: ingest.workers: 0 is not a whole number of processes"],
    [
      "clickhouse:\n  user: me",
      "clew.yaml:2: clickhouse.user: means nothing without clickhouse.url",
    ],
    [
      "clickhouse:\n  url: http://db:8123\n  maxMemoryBytes: 1GiB",
      "clew.yaml:3: clickhouse.maxMemoryBytes: means nothing with clickhouse.url",
    ],
  ];
  for (const [yaml, ...want] of mistakes) {
    test(`mistake: ${JSON.stringify(yaml)}`, () => {
      const got = problems(yaml);
      assert.equal(got.length, want.length, got.join("\n"));
      for (const [i, line] of want.entries()) {
        if (line !== got[i]) assert.match(got[i]!, new RegExp(line));
      }
    });
  }

  test("everything wrong is told at once, in order", () => {
    const yaml = "http: { port: -1 }\nlogs: 1\n";
    const env = { CLEW_OTLP_HTTP_PROT: "1", CLEW_RETENTION_DAYS: "two weeks" };
    const flags = [set("log.levle", "info"), { name: "--data", key: "data.dir", text: " " }];
    assert.deepEqual(problems(yaml, env, flags), [
      `clew.yaml:1: http.port: -1 is not ${port}`,
      "clew.yaml:2: logs: unknown key; did you mean log?",
      "CLEW_OTLP_HTTP_PROT: unknown variable; did you mean CLEW_OTLP_HTTP_PORT?",
      'CLEW_RETENTION_DAYS: "two weeks" is not a whole number of days from 1 to 36500',
      "--set log.levle: unknown key; did you mean log.level?",
      '--data: " " is not the path of a folder',
    ]);
  });

  test("secrets are never in a message", () => {
    const bad = "clickhouse: { url: 'http://u:hunter2@db', password: [hunter2] }";
    const got = problems(bad);
    assert.match(got[1]!, /clickhouse.password: the value \(hidden\) is not text/);
    assert.ok(!got.join("\n").includes("hunter2"), got.join("\n"));
  });

  test("a file that cannot be read", () => {
    const file = join(folder, "absent.yaml");
    assert.throws(() => loadConfig({ file, env: {}, flags: [] }), {
      code: "invalid",
      message: `cannot read ${file}: ENOENT`,
    });
  });
});

const sizes: [text: string, bytes: number | undefined][] = [
  ["0", 0],
  ["64MiB", 67_108_864],
  ["64 mib", 67_108_864],
  ["1.5KiB", 1536],
  ["1kB", 1000],
  ["2TB", 2e12],
  ["12 B", 12],
  ["", undefined],
  ["MiB", undefined],
  ["-1", undefined],
  ["1e3", undefined],
  ["1 parsec", undefined],
];
for (const [text, want] of sizes) {
  test(`parseBytes: ${JSON.stringify(text)}`, () => assert.equal(parseBytes(text), want));
}

test("formatBytes is exact and short", () => {
  for (const [value, want] of [
    [67_108_864, "64MiB"],
    [1536, "1536"],
    [1024, "1KiB"],
    [0, "0"],
  ] as const) {
    assert.equal(formatBytes(value), want);
    assert.equal(parseBytes(want), value);
  }
});
