// The thread in which the ClickHouse library runs: the call comes back when the engine has ended.
import { parentPort, workerData } from "node:worker_threads";
import { DataType, load, open } from "ffi-rs";

const { library, argv } = workerData as { library: string; argv: string[] };
open({ library: "chdb", path: library });
load({
  library: "chdb",
  funcName: "chdb_query_cmdline",
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
parentPort?.postMessage("ended", []);
// The library crashes when the thread it ran in ends, so this one waits for the end of the process.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
