import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { lockDataDir } from "./data-lock.ts";

describe("lockDataDir", () => {
  const temp = mkdtempSync(path.join(tmpdir(), "clew-lock-"));
  after(() => rmSync(temp, { recursive: true, force: true }));

  test("makes the folder, for its owner only, and leaves the process number while it is held", () => {
    const dir = path.join(temp, "deep", "data");
    const lock = lockDataDir(dir);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    assert.ok(existsSync(path.join(dir, "clew.pid")));
    lock.close();
    assert.ok(!existsSync(path.join(dir, "clew.pid")));
  });

  test("is refused while held, and given again when it was let go", () => {
    const dir = path.join(temp, "held");
    const lock = lockDataDir(dir);
    assert.throws(() => lockDataDir(dir), {
      name: "Fault",
      code: "unavailable",
      message:
        `data folder ${dir} is in use by another Clew (process ${process.pid}); ` +
        "stop it or choose another folder with --data",
    });
    lock.close();
    lockDataDir(dir).close();
  });

  test("is let go by the kernel when the holder is killed", async () => {
    const dir = path.join(temp, "killed");
    const holds = `
      import { lockDataDir } from ${JSON.stringify(path.join(import.meta.dirname, "data-lock.ts"))};
      globalThis.lock = lockDataDir(${JSON.stringify(dir)});
      console.log("held");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", holds], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(child.stdout, "data");
    const message = `data folder ${dir} is in use by another Clew (process ${child.pid}); `;
    assert.throws(
      () => lockDataDir(dir),
      (error: Error) => error.message.startsWith(message),
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    lockDataDir(dir).close();
  });

  for (const [name, below] of [
    ["a file", ""],
    ["below a file", "data"],
  ] as const) {
    test(`is refused where the folder would be ${name}`, () => {
      const file = path.join(temp, "file");
      writeFileSync(file, "");
      const dir = path.join(file, below);
      assert.throws(() => lockDataDir(dir), {
        code: "invalid",
        message:
          `data folder ${dir} cannot be used: it is, or lies in, a file; ` +
          "choose another with --data",
      });
    });
  }

  test("is refused where the lock file is something else", () => {
    const dir = path.join(temp, "other");
    lockDataDir(dir).close();
    writeFileSync(path.join(dir, "clew.lock"), "not a database, for sure".repeat(50));
    assert.throws(() => lockDataDir(dir), { code: "invalid", message: /cannot be locked/ });
  });
});
