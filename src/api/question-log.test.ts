import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { HttpRequest } from "./http.ts";
import { defaultQuestionLogLimits, QuestionLog } from "./question-log.ts";

function request(path: string): HttpRequest {
  return { path, query: new URLSearchParams("q={ }&limit=1") } as HttpRequest;
}

function newLog(slow = 2) {
  const clock = { ms: 0 };
  const log = new QuestionLog({
    limits: { ...defaultQuestionLogLimits, slow },
    nowMs: () => clock.ms,
    tenantOf: ({ path }) => path.split("/")[1]!,
  });
  return { clock, log };
}

test("a question runs until the last byte of its answer", async () => {
  const { clock, log } = newLog();
  const body = new Readable({ read() {} });
  const watched = log.watch(() => ({ status: 200, body }));
  await watched(request("/a/search"));
  clock.ms = 3000;
  assert.deepEqual(log.of("a").running, [
    {
      tenant: "a",
      path: "/a/search",
      query: "q={ } limit=1",
      startedAtMs: 0,
      seconds: 3,
      status: null,
    },
  ]);
  assert.deepEqual(log.of("b").running, []);
  body.destroy();
  await new Promise(setImmediate);
  assert.deepEqual(log.of("a").running, []);
  assert.deepEqual(
    log.of("a").slow.map(({ seconds, status }) => [seconds, status]),
    [[3, 200]],
  );
});

test("the longest are remembered, for an hour; quick ones are not", async () => {
  const { clock, log } = newLog();
  for (const seconds of [0.5, 2, 4, 3]) {
    const watched = log.watch(() => {
      clock.ms += seconds * 1000;
      return { status: 200 };
    });
    await watched(request("/a/x"));
  }
  const failing = log.watch(() => Promise.reject(new Error("no")));
  await assert.rejects(async () => failing(request("/a/x")), /no/);
  assert.deepEqual(
    log.of("a").slow.map(({ seconds }) => seconds),
    [4, 3],
  );
  clock.ms += 3600_000;
  assert.deepEqual(log.of("a").slow, []);
});
