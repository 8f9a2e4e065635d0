import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Task } from "../measure.js";
import { verifyNear } from "../setup/verify.js";
import type { Job } from "./job.js";

/** How a peer is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The first thing that a peer says. */
interface Greeting {
  readonly version?: string;
  readonly blas?: string;
  readonly missing?: string;
}

/** What does the work for another library, in a process of its own that answers one line to each line. */
export class Peer {
  /** "torch", "numpy", "onnxruntime-node": what goals and options call it. */
  readonly id: string;
  /** "PyTorch 1.13.1": its label in tables. */
  readonly name: string;
  /** "OpenBLAS 0.3.31, kernels for Zen", where it says what it multiplies with. */
  readonly blas: string | undefined;
  readonly #child: ChildProcess;
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;

  private constructor(id: string, name: string, greeting: Greeting, child: ChildProcess, reader: Interface) {
    this.id = id;
    this.name = name;
    this.blas = greeting.blas;
    this.#child = child;
    this.#reader = reader;
    this.#lines = reader[Symbol.asyncIterator]();
  }

  /** Starts one, or returns undefined where the program or what it needs is missing. */
  static async start(id: string, title: string, program: Program): Promise<Peer | undefined> {
    const child = spawn(program.command, program.args, {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, ...program.env },
    });
    child.on("error", () => {}); // no such program: then it says nothing either
    child.stdin.on("error", () => {}); // it died: the missing answer tells
    const reader = createInterface({ input: child.stdout });
    const first = await new Promise<string | undefined>((resolve) => {
      reader.once("line", resolve);
      reader.once("close", () => resolve(undefined));
    });
    const greeting: Greeting = first === undefined ? { missing: "nothing said" } : JSON.parse(first);
    if (greeting.version === undefined) {
      child.kill();
      return undefined;
    }
    return new Peer(id, `${title} ${greeting.version.replace(/[a+].*/, "")}`, greeting, child, reader);
  }

  /**
   * The work as a task, its values looked at first, or why this peer cannot do it. Loading the next forgets this one.
   *
   * @throws Error when it gives other values.
   */
  async load(where: string, job: Job): Promise<Task | string> {
    const arrays = Object.entries(job.arrays);
    const { op, sizes, places } = job;
    const told = arrays.map(([name, array]) => ({ name, type: array.constructor.name, length: array.length }));
    this.#send(`${JSON.stringify({ verb: "load", op, sizes, arrays: told, places })}\n`);
    for (const [, array] of arrays) await this.#sendBytes(array);
    const { values, cannot } = await this.#answer<{ values?: number[]; cannot?: string }>();
    if (values === undefined) return cannot ?? "no values";
    verifyNear(`${where}: ${this.name}`, values, job.expected, job.tolerance, (i) => `out[${places[i]}]`);
    const time = async (calls: number): Promise<number> => {
      this.#send(`${JSON.stringify({ verb: "time", calls })}\n`);
      return (await this.#answer<{ seconds: number }>()).seconds;
    };
    return { label: this.name, sample: time };
  }

  dispose(): void {
    this.#reader.close();
    this.#child.kill();
  }

  #send(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** In pieces, each when the one before is gone: a table may be larger than what one write takes. */
  async #sendBytes(array: Float32Array | Uint32Array | Uint8Array): Promise<void> {
    const piece = 2 ** 24;
    for (let at = 0; at < array.byteLength; at += piece) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset + at, Math.min(piece, array.byteLength - at));
      if (!this.#child.stdin!.write(bytes)) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            this.#child.stdin!.off("drain", done);
            this.#child.off("exit", done);
            resolve();
          };
          this.#child.stdin!.once("drain", done);
          this.#child.once("exit", done);
        });
      }
    }
  }

  async #answer<Answer>(): Promise<Answer> {
    const line = await this.#lines.next();
    if (line.done) throw new Error(`${this.name}: the process ended, expected an answer`);
    return JSON.parse(line.value) as Answer;
  }
}
