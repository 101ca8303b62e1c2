// Sets the clock of a process, as a time server or a person may at any moment: preloaded with --import, it
// makes Date tell what the real clock tells plus as many milliseconds as stand in the file that
// CLOCK_SHIFT_FILE names, at any time. (A real step would be one for the whole machine.)
import { readFileSync } from "node:fs";

const RealDate = Date;
const file = process.env["CLOCK_SHIFT_FILE"]!;
let shiftMs = 0;

function look(): void {
  shiftMs = Number(readFileSync(file, "utf8"));
}

class ShiftedDate extends RealDate {
  constructor(...parts: [] | ConstructorParameters<DateConstructor>) {
    super(...((parts.length === 0 ? [ShiftedDate.now()] : parts) as [number]));
  }

  static override now(): number {
    return RealDate.now() + shiftMs;
  }
}

look();
setInterval(look, 20).unref();
globalThis.Date = ShiftedDate as DateConstructor;
