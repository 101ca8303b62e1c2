#!/usr/bin/env node
// The `clew` command. Plain JavaScript that Node 18 and later runs; the program itself runs on the pinned Node 24.
import { fileURLToPath } from "node:url";

process.argv.splice(2, 0, fileURLToPath(new URL("../src/cli/main.ts", import.meta.url)));
await import("./node24.mjs");
