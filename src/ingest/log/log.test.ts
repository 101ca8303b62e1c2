import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { appendFile, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger } from "../../base/log.ts";
import { SINGLE_TENANT } from "../../model/tenant.ts";
import type { LogLimits } from "./log.ts";
import { openLog } from "./open.ts";
import { type LoggedBatch, readBatch } from "./replay.ts";

const defaults: LogLimits = {
  totalBytes: 1_000_000,
  segmentBytes: 1_000_000,
  sync: "group",
  groupMs: 1,
  keepMs: 60_000,
  digestSeconds: Infinity,
  maxAgeSeconds: Infinity,
};

describe("the ingest log", () => {
  const folders: string[] = [];
  after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  function newFolder(): string {
    const folder = mkdtempSync(path.join(tmpdir(), "clew-log-"));
    folders.push(folder);
    return folder;
  }

  async function open(folder: string, limits: Partial<LogLimits> = {}) {
    const events: string[] = [];
    const saved: LoggedBatch[] = [];
    let failures = 0;
    const opened = await openLog({
      folder,
      limits: { ...defaults, ...limits },
      log: createLogger({
        level: "info",
        write: (line) => events.push(line),
        now: () => new Date(),
      }),
      onSync: () => {},
      onFailure: () => failures++,
      onSaved: (batch) => saved.push(batch),
    });
    const append = (name: string, arrivalSeconds = 7): Promise<void> =>
      opened.log.append({
        kind: "request",
        tenant: SINGLE_TENANT,
        arrivalSeconds,
        digest: digest(name),
        body: Buffer.from(name),
      });
    return { ...opened, append, events, saved, failures: () => failures };
  }

  const digest = (name: string): string => name.padEnd(16, ".");
  const bodies = async (batch: LoggedBatch): Promise<string[]> =>
    (await readBatch(batch)).requests.map(({ body }) => Buffer.from(body).toString());
  const segments = (folder: string): string[] =>
    readdirSync(folder).filter((name) => name.endsWith(".log"));

  test("what was appended is there after a crash: sealed batches, and the open one as another", async () => {
    const folder = newFolder();
    const first = await open(folder);
    await Promise.all([first.append("a"), first.append("b")]);
    const { batch, sealed } = first.log.seal();
    await sealed;
    assert.deepEqual(await bodies(batch), ["a", "b"]);
    await first.append("c");
    // No close: the process is gone.
    const second = await open(folder);
    assert.deepEqual(await Promise.all(second.batches.map(bodies)), [["a", "b"], ["c"]]);
    assert.equal(second.batches[0]!.token, batch.token);
    assert.deepEqual(
      second.digests,
      ["a", "b", "c"].map((name) => [digest(name), 7]),
    );
    // The boundary that was made at the second start holds at the third.
    const third = await open(folder);
    assert.deepEqual(third.batches, second.batches);
    for (const { log } of [first, second, third]) await log.close();
  });

  test("what ClickHouse has is not inserted again", async () => {
    const folder = newFolder();
    const first = await open(folder);
    await first.append("a");
    const a = first.log.seal();
    await first.append("b");
    const b = first.log.seal();
    await b.sealed;
    first.log.inserted(a.batch.token);
    await first.append("c");
    await first.log.close();
    const second = await open(folder);
    assert.deepEqual(await Promise.all(second.batches.map(bodies)), [["b"], ["c"]]);
    await second.log.close();
  });

  test("a segment that ends while its beginning is being written keeps both", async () => {
    const { log, append } = await open(newFolder(), { sync: "always", segmentBytes: 1 });
    const first = append("a"); // is being written when the rest comes
    const second = append("b");
    const { batch, sealed } = log.seal();
    await Promise.all([first, second, sealed]);
    assert.equal(log.segmentCount, 2);
    assert.deepEqual(await bodies(batch), ["a", "b"]);
    await log.close();
  });

  test("tokens never come twice, even if the log was emptied between", async () => {
    const tokens = new Set<string>();
    const folder = newFolder();
    for (let i = 0; i < 5; i++) {
      const { log, append } = await open(folder, { keepMs: 0 });
      await append("a");
      const { batch, sealed } = log.seal();
      await sealed;
      log.inserted(batch.token);
      tokens.add(batch.token);
      await log.close();
      if (i % 2 === 1) for (const name of segments(folder)) rmSync(path.join(folder, name));
    }
    assert.equal(tokens.size, 5);
  });

  test("a torn tail is cut at every length, said so, and nothing before it is lost", async () => {
    const folder = newFolder();
    const first = await open(folder);
    await first.append("aaaa");
    await first.append("bbbb");
    await first.log.close();
    const [name] = segments(folder);
    const file = path.join(folder, name!);
    const whole = readFileSync(file);
    const secondAt = whole.lastIndexOf("Clew");
    for (let cut = secondAt + 1; cut < whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      const { log, batches, events } = await open(folder);
      assert.deepEqual(await Promise.all(batches.map(bodies)), [["aaaa"]]);
      assert.ok(events.some((line) => line.includes("torn") && line.includes(`"at":${secondAt}`)));
      await log.close();
      for (const other of segments(folder)) if (other !== name) rmSync(path.join(folder, other));
    }
  });

  test("damage in the middle: told with file and offset, set aside, the rest is kept", async () => {
    const folder = newFolder();
    const first = await open(folder);
    for (const name of ["one", "two", "three"]) await first.append(name);
    await first.log.seal().sealed;
    await first.append("four");
    await first.log.close();
    const [name] = segments(folder);
    const file = path.join(folder, name!);
    const bytes = readFileSync(file);
    const at = bytes.indexOf("two");
    bytes[at] = 0x21;
    writeFileSync(file, bytes);
    const second = await open(folder);
    assert.deepEqual(await Promise.all(second.batches.map(bodies)), [["one", "three"], ["four"]]);
    const read = await Promise.all(second.batches.map((batch) => readBatch(batch)));
    assert.deepEqual(
      read.map((batch) => batch.damagedBytes > 0),
      [true, false],
    );
    const event = second.events.find((line) => line.includes("damaged"))!;
    const { file: told, damagedBytes, copy } = JSON.parse(event) as Record<string, string>;
    assert.equal(told, file);
    const [from, to] = damagedBytes![0]!.split("..").map(Number);
    assert.ok(from! < at && at < to!);
    assert.ok(readFileSync(copy!).equals(bytes));
    await second.log.close();
  });

  test("a full log refuses, warns before, and takes again when ClickHouse has its batches", async () => {
    const folder = newFolder();
    const { log, append, events } = await open(folder, { totalBytes: 5000, segmentBytes: 100 });
    const tokens: string[] = [];
    for (let i = 0; i < 40 && log.usedBytes < 5000; i++) {
      log.checkRoom();
      await append("x".repeat(150));
      const { batch, sealed } = log.seal();
      await sealed;
      tokens.push(batch.token);
    }
    assert.throws(() => log.checkRoom(), { code: "unavailable", message: /full: \d+ of 5000/ });
    assert.equal(events.filter((line) => line.includes("% full; senders are refused")).length, 1);
    for (const token of tokens) log.inserted(token);
    for (let i = 0; i < 100 && log.usedBytes > 2600; i++) await sleep(50);
    log.checkRoom();
    await log.close();
  });

  test("segments that ClickHouse has go after a while, and only those", async () => {
    const folder = newFolder();
    const { log, append } = await open(folder, { segmentBytes: 1, keepMs: 100 });
    const sealed = [];
    for (const name of ["a", "b", "c"]) {
      await append(name);
      sealed.push(log.seal());
    }
    await Promise.all(sealed.map((item) => item.sealed));
    log.inserted(sealed[0]!.batch.token);
    log.inserted(sealed[2]!.batch.token);
    const oldest = path.basename(sealed[0]!.batch.file);
    for (let i = 0; i < 100 && segments(folder).includes(oldest); i++) await sleep(50);
    assert.deepEqual(await bodies(sealed[1]!.batch), ["b"]);
    assert.equal(segments(folder).length, 3, "b, c behind it, and the current one");
    await log.close();
  });

  test("damage is copied once, however often the log is read; other damage is copied too", async () => {
    const folder = newFolder();
    const first = await open(folder);
    for (const name of ["one", "two", "three"]) await first.append(name);
    await first.log.close();
    const file = path.join(folder, segments(folder)[0]!);
    const damage = (what: string): void => {
      const bytes = readFileSync(file);
      bytes[bytes.indexOf(what)] = 0x21;
      writeFileSync(file, bytes);
    };
    const levels: string[] = [];
    for (const what of ["one", "", "two", ""]) {
      if (what !== "") damage(what);
      const { log, events } = await open(folder);
      levels.push(events.map((line) => JSON.parse(line)["level"] as string).join());
      await log.close();
    }
    assert.deepEqual(levels, ["error", "warn", "error", "warn"]);
    const copies = readdirSync(path.join(folder, "damaged")).sort();
    const name = path.basename(file);
    assert.deepEqual(copies, [name, `${name}.2`]);
  });

  test("a damaged seal does not hide one batch behind the other's token", async () => {
    const folder = newFolder();
    const first = await open(folder);
    await first.append("a");
    const a = first.log.seal();
    await a.sealed;
    first.log.inserted(a.batch.token);
    await first.append("b");
    await first.log.seal().sealed;
    await first.log.close();
    const file = path.join(folder, segments(folder)[0]!);
    const bytes = readFileSync(file);
    bytes[a.batch.to + 12]! ^= 0x40; // the type of the record behind "a"
    writeFileSync(file, bytes);
    const second = await open(folder);
    assert.deepEqual(await Promise.all(second.batches.map(bodies)), [["b"]]);
    await second.log.close();
  });

  test("damage at the very end that no crash leaves is set aside before it is cut", async () => {
    const folder = newFolder();
    const first = await open(folder);
    await first.append("kept");
    await first.append("damaged");
    await first.log.close();
    const file = path.join(folder, segments(folder)[0]!);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const second = await open(folder);
    assert.deepEqual(await Promise.all(second.batches.map(bodies)), [["kept"]]);
    const copy = path.join(folder, "damaged", path.basename(file));
    assert.ok(readFileSync(copy).equals(bytes));
    await second.log.close();
  });

  test("a segment without its head keeps the same tokens at every start", async () => {
    const folder = newFolder();
    const first = await open(folder);
    for (const name of ["one", "two"]) {
      await first.append(name);
      await first.log.seal().sealed;
    }
    await first.append("three");
    await first.log.close();
    const file = path.join(folder, segments(folder)[0]!);
    const bytes = readFileSync(file);
    bytes.fill(0, 0, 40);
    writeFileSync(file, bytes);
    const second = await open(folder);
    assert.deepEqual(await Promise.all(second.batches.map(bodies)), [["one"], ["two"], ["three"]]);
    const third = await open(folder);
    assert.deepEqual(third.batches, second.batches);
    for (const { log } of [second, third]) await log.close();
  });

  test("digests outlive their segment as long as they are to be known", async () => {
    const folder = newFolder();
    const now = Math.floor(Date.now() / 1000);
    const limits = { segmentBytes: 1, keepMs: 0, digestSeconds: 100 };
    const first = await open(folder, limits);
    await first.append("old", now - 1000);
    await first.append("young", now);
    const { batch, sealed } = first.log.seal();
    await sealed;
    first.log.inserted(batch.token);
    const name = path.basename(batch.file);
    for (let i = 0; i < 100 && segments(folder).includes(name); i++) await sleep(50);
    assert.ok(!segments(folder).includes(name), "the segment is gone");
    await first.log.close();
    for (let start = 0; start < 3; start++) {
      const { log, digests, batches } = await open(folder, limits);
      assert.deepEqual([digests, batches], [[[digest("young"), now]], []]);
      // And again: the segment that they were written into goes as well.
      for (let i = 0; i < 100 && segments(folder).length > 1; i++) await sleep(50);
      await log.close();
    }
  });

  test("what ClickHouse does not take for too long keeps others out, and is not deleted", async () => {
    const folder = newFolder();
    const now = Math.floor(Date.now() / 1000);
    const { log, append, events } = await open(folder, { maxAgeSeconds: 1000 });
    await append("old", now - 900);
    const { batch, sealed } = log.seal();
    await sealed;
    assert.ok(log.oldestSeconds >= 900);
    assert.equal(log.state?.what, "aging");
    log.checkRoom();
    log.inserted(batch.token);
    await append("too old", now - 1000);
    const other = log.seal();
    await other.sealed;
    assert.throws(() => log.checkRoom(), {
      code: "unavailable",
      message: /none of the spans of the last 16 minutes/,
    });
    assert.deepEqual(await bodies(other.batch), ["too old"]);
    log.refused(other.batch.token);
    log.checkRoom();
    assert.equal(log.state?.what, "stuck", "a batch that is refused says nothing of others");
    log.inserted(other.batch.token);
    assert.deepEqual([log.state, log.oldestSeconds], [undefined, 0]);
    log.checkRoom();
    const told = events.map((line) => JSON.parse(line)["level"] as string);
    assert.deepEqual(told, ["warn", "error", "warn", "info"]);
    await log.close();
  });

  for (const sync of ["always", "group", "off"] as const) {
    test(`sync ${sync}: many appends at once all arrive, in order`, async () => {
      const folder = newFolder();
      const first = await open(folder, { sync });
      const names = Array.from({ length: 2000 }, (_, i) => `request ${i}`);
      await Promise.all(names.map((name) => first.append(name)));
      await first.log.close();
      const second = await open(folder, { sync });
      assert.deepEqual(await bodies(second.batches[0]!), names);
      await second.log.close();
    });
  }

  test("a folder that cannot be had is a clear fault", async () => {
    const folder = newFolder();
    const file = path.join(folder, "file");
    writeFileSync(file, "");
    await assert.rejects(open(path.join(file, "log")), {
      code: "unavailable",
      message: /cannot open the ingest log in .*file\/log: /,
    });
  });

  test("bytes of another program behind the last record are cut, the records stay", async () => {
    const folder = newFolder();
    const first = await open(folder);
    await first.append("a");
    await first.log.close();
    const file = path.join(folder, segments(folder)[0]!);
    const { size } = statSync(file);
    await appendFile(file, Buffer.alloc(100));
    const second = await open(folder);
    assert.deepEqual(await Promise.all(second.batches.map(bodies)), [["a"]]);
    await second.log.close();
    await truncate(file, size); // still readable: nothing else was written to it
  });
});
