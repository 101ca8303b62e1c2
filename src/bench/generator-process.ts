/** The benchmark's side of the generator. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { Fault } from "../base/fault.ts";
import type {
  ChildMessage,
  LoadOptions,
  LoadResult,
  ParentMessage,
  TrafficSummary,
} from "./protocol.ts";

/** What happens while the load runs. */
export interface LoadEvents {
  progress(message: Extract<ChildMessage, { kind: "progress" }>): void;
  fresh(message: Extract<ChildMessage, { kind: "fresh" }>): void;
}

/** A generator that has prepared its traffic. */
export class GeneratorProcess {
  readonly traffic: TrafficSummary;
  readonly #process: ChildProcess;
  readonly #answers: Answers;

  private constructor(child: ChildProcess, answers: Answers, traffic: TrafficSummary) {
    this.traffic = traffic;
    this.#process = child;
    this.#answers = answers;
  }

  /** Starts the process and settles when it could begin to send. Throws Fault. */
  static async start(options: LoadOptions): Promise<GeneratorProcess> {
    const file = path.join(import.meta.dirname, `generator${path.extname(import.meta.filename)}`);
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", file], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const answers = new Answers(child);
    tell(child, { kind: "prepare", options });
    try {
      const { traffic } = await answers.next("ready");
      return new GeneratorProcess(child, answers, traffic);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Sends; what became of it, at the end. Throws Fault if it cannot go on. */
  async run(events: LoadEvents): Promise<LoadResult> {
    this.#process.on("message", (message: ChildMessage) => {
      if (message.kind === "progress") events.progress(message);
      if (message.kind === "fresh") events.fresh(message);
    });
    tell(this.#process, { kind: "start" });
    const { result } = await this.#answers.next("done");
    return result;
  }

  /** Ends the process, whatever it does. */
  close(): void {
    this.#process.kill("SIGKILL");
  }
}

function tell(child: ChildProcess, message: ParentMessage): void {
  if (child.connected) child.send(message, () => {});
}

/** What the generator says, waited for one thing at a time. */
class Answers {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((_, reject) => {
      const fail = (why: string): void => reject(new Fault("unavailable", `the generator ${why}`));
      child.on("error", (error) => fail(`could not be run: ${error.message}`));
      child.on("exit", (code, signal) => fail(`ended by ${signal ?? `exit code ${code}`}`));
      child.on("message", (message: ChildMessage) => {
        if (message.kind === "failed") reject(new Fault("unavailable", message.message));
      });
    });
    this.#ended.catch(() => {}); // told to who waits next
  }

  next<Kind extends ChildMessage["kind"]>(
    kind: Kind,
  ): Promise<Extract<ChildMessage, { kind: Kind }>> {
    const { promise, resolve } = Promise.withResolvers<Extract<ChildMessage, { kind: Kind }>>();
    const listen = (message: ChildMessage): void => {
      if (message.kind === kind) resolve(message as Extract<ChildMessage, { kind: Kind }>);
    };
    this.#child.on("message", listen);
    return Promise.race([promise, this.#ended]).finally(() => this.#child.off("message", listen));
  }
}
