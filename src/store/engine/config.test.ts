import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configXml, engineArguments, enginePaths, usersXml } from "./config.ts";

const config = {
  paths: enginePaths("/data/a & <b>"),
  endpoint: { url: "http://127.0.0.1:1234", user: "clew_1", password: "secret" },
  cores: 2,
  memoryBytes: 1_600_000_000,
  logFileBytes: 10_000_000,
  logFiles: 3,
};

/** The text of the first element of this name. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

describe("configXml", () => {
  test("keeps every path in the data folder, escaped", () => {
    const xml = configXml(config);
    for (const name of ["log", "errorlog", "users_config", "tmp_path", "user_files_path"]) {
      assert.ok(element(xml, name)?.startsWith("/data/a &amp; &lt;b&gt;/"), name);
    }
  });

  test("shares the memory out and keeps caches small", () => {
    const xml = configXml(config);
    assert.equal(element(xml, "max_server_memory_usage"), "1600000000");
    assert.equal(element(xml, "mark_cache_size"), "100000000");
    assert.equal(
      element(configXml({ ...config, memoryBytes: 2 ** 36 }), "mark_cache_size"),
      "536870912",
    );
    assert.equal(element(configXml({ ...config, memoryBytes: 1 }), "mark_cache_size"), "16777216");
  });

  for (const [cores, threads] of [
    [1, 2],
    [2, 2],
    [8, 8],
    [64, 16],
  ] as const) {
    test(`merges with ${threads} threads on ${cores} cores`, () => {
      const xml = configXml({ ...config, cores });
      assert.equal(element(xml, "background_pool_size"), String(threads));
      // The server refuses to start when it wants more free slots than there are.
      for (const name of xml.match(/number_of_free_entries\w+/g) ?? []) {
        assert.ok(Number(element(xml, name)) <= threads * 2, name);
      }
    });
  }
});

describe("usersXml", () => {
  test("holds no password in clear, and gives default nothing but the start", () => {
    const xml = usersXml(config);
    assert.ok(!xml.includes("secret"));
    assert.equal(
      element(xml, "password_sha256_hex"),
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", // printf secret | sha256sum
    );
    assert.equal(element(xml, "query"), "GRANT SYSTEM LISTEN ON *.*");
    assert.equal(element(xml, "queries"), "2");
  });
});

test("engineArguments names the port and no secret", () => {
  const argv = engineArguments(config);
  assert.equal(argv[0], "clickhouse-local");
  assert.ok(argv.includes("--http_port=1234"));
  assert.ok(argv.includes("--listen_host=127.0.0.1"));
  assert.ok(!argv.join(" ").includes("secret"));
});
