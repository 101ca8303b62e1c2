/** The parent's side of a process of the shop: started, talked to, and certain to end. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";
import { Fault } from "../base/fault.ts";
import type { Addresses, ChildMessage, ParentMessage, Role } from "./protocol.ts";

/** A little longer than a child gives itself. */
const KILL_AFTER_MS = 6_000;
/** Characters kept of what a child last wrote, to say why it died. */
const LAST_WORDS = 2_000;

/** Small heaps: the services keep nothing. */
const nodeOptions = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=1",
  "--max-old-space-size=128",
];

/** Postgres as WebAssembly: compiled as it is called and not optimized takes 200 MB instead of 460 and
 * half the time to start; it is still fast enough for some hundred queries a second. gc() lets it drop
 * what setting up needed. */
const databaseOptions = ["--liftoff-only", "--wasm-lazy-compilation", "--expose-gc"];

/** What a child needs to know of its surroundings; OTEL_… or NODE_OPTIONS meant for the parent would
 * change it. */
const passedVariables = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "TZ", "LANG"];

interface ChildOptions {
  readonly role: Role;
  readonly otlpUrl: string;
  /** Told when sending spans begins to fail, and with undefined when it works again. */
  readonly onExporting: (failure: string | undefined) => void;
  /** Told when the process ends although nobody has asked it to, with the reason. */
  readonly onDeath: (reason: string) => void;
}

/** One process of the shop. */
export class Child {
  readonly role: Role;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  /** The reason, once it has ended. */
  #death: string | undefined;
  #lastWords = "";
  #stopping = false;

  /** Starts the process, which begins to load its modules. */
  constructor({ role, otlpUrl, onExporting, onDeath }: ChildOptions) {
    this.role = role;
    const file = path.join(import.meta.dirname, `child${path.extname(import.meta.filename)}`);
    const options = role === "database" ? [...nodeOptions, ...databaseOptions] : nodeOptions;
    const environment = passedVariables.map((name) => [name, process.env[name]]);
    this.#process = spawn(process.execPath, [...options, file, role, otlpUrl], {
      // A process group of its own: Ctrl+C in a terminal reaches only the parent, which stops all.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: Object.fromEntries(environment.filter(([, value]) => value !== undefined)),
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
      });
    }
    this.#process.on("message", (message: ChildMessage) => {
      if (message.kind === "exporting") onExporting(message.failure);
    });
    this.#ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        if (this.#death !== undefined) return;
        this.#death = this.#lastWords === "" ? reason : `${reason}: ${this.#lastWords.trim()}`;
        resolve();
        if (!this.#stopping) onDeath(this.#death);
      };
      this.#process.on("error", (error) => end(`could not be run: ${error.message}`));
      // "close" comes after "exit", when its last words have been read.
      this.#process.on("close", (code, signal) => end(`ended by ${signal ?? `exit code ${code}`}`));
    });
  }

  /** Tells the process whom it depends on; the port it listens on, once it is ready.
   * Throws Fault "unavailable" if the process ends instead. */
  async start(addresses: Addresses): Promise<number> {
    const answer = await this.#ask({ kind: "start", addresses }, "ready");
    return answer.port;
  }

  /** Settles when the process has done so. Throws Fault "unavailable" if it ends instead. */
  async tell(kind: "drain" | "flush"): Promise<void> {
    await this.#ask({ kind }, "done");
  }

  /** Asks the process to end, kills it if it does not, and settles when it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#send({ kind: "stop" });
    const killer = setTimeout(() => this.#process.kill("SIGKILL"), KILL_AFTER_MS);
    await this.#ended;
    clearTimeout(killer);
  }

  #ask<Kind extends ChildMessage["kind"]>(
    message: ParentMessage,
    answerKind: Kind,
  ): Promise<Extract<ChildMessage, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      const listen = (answer: ChildMessage): void => {
        if (answer.kind !== answerKind) return;
        this.#process.off("message", listen);
        resolve(answer as Extract<ChildMessage, { kind: Kind }>);
      };
      this.#process.on("message", listen);
      const fail = (): void =>
        reject(new Fault("unavailable", `${this.role} of the demo shop ${this.#death}`));
      void this.#ended.then(fail);
      this.#send(message);
    });
  }

  /** A process that cannot be told any more has ended or is about to, which is noticed elsewhere. */
  #send(message: ParentMessage): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }
}
