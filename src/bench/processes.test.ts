import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMachineCpu } from "./machine.ts";
import {
  descendants,
  hasProcesses,
  parseMemory,
  parseStat,
  programName,
  usageOf,
} from "./processes.ts";

test("parseStat: whatever the program is called", () => {
  const rest = "S 17 1 1 0 -1 4194560 5 6 7 8 250 31 40 2 20 0 11 0 99 123 456";
  for (const name of ["node", "a b", "x) R 9 (y"]) {
    assert.deepEqual(parseStat(`42 (${name}) ${rest}`), {
      parent: 17,
      cpuTicks: 281,
      endedChildrenTicks: 42,
    });
  }
});

test("parseMemory: now and at most; nothing of a process that has ended", () => {
  const status = "Name:\tnode\nVmPeak:\t  99 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
  assert.deepEqual(parseMemory(status), { now: 2 ** 20, peak: 2 ** 21 });
  assert.deepEqual(parseMemory("Name:\tnode\nState:\tZ (zombie)\n"), { now: 0, peak: 0 });
});

test("descendants: of all roots, each once", () => {
  const parents = new Map([
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 1],
    [6, 5],
  ]);
  assert.deepEqual(descendants([2, 3, 6], parents), [2, 3, 4, 6]);
});

test("parseMachineCpu: seconds of all cores", () => {
  const text = "cpu  1000 100 500 20000 300 20 80 600 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
  assert.deepEqual(parseMachineCpu(text), { busy: 17, stolen: 6, total: 226 });
});

test("programName", () => {
  assert.equal(programName("/usr/bin/node\0--flag\0/app/main.ts\0start\0"), "main.ts");
  assert.equal(programName("/usr/bin/tempo\0-config.file=x\0"), "tempo");
});

test("usageOf: this process", { skip: !hasProcesses }, () => {
  const before = usageOf([process.pid]);
  const untilMs = performance.now() + 50;
  while (performance.now() < untilMs);
  const after = usageOf([process.pid]);
  assert.ok(after.cpuSeconds > before.cpuSeconds);
  assert.ok(after.memoryBytes > 10e6 && after.memoryBytes <= after.peakBytes * 1.01);
  assert.ok(after.processes.some(({ pid }) => pid === process.pid));
  assert.throws(() => usageOf([2 ** 31 - 2]), /there is no process 2147483646/);
});
