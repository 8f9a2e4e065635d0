import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ProductCase } from "./cases.js";
import type { Task } from "./measure.js";
import { type ProductSample, verifyProduct } from "./verify.js";

const script = fileURLToPath(new URL("openblas.py", import.meta.url));

/** The first that has numpy is taken: the one on the path may be another than the system's. */
const interpreters = ["python3", "/usr/bin/python3"];

/** Every BLAS that numpy may come with is told to use one thread, as our kernels do. */
const oneThread = { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1", BLIS_NUM_THREADS: "1" };

/** Relative to the greatest output: another order of sums differs by less, another product by far more. */
const tolerance = 1e-4;

/** What multiplies for numpy, in a process of its own that answers one line to each line. */
export class OpenBlas {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** "OpenBLAS 0.3.21", or what else this numpy multiplies with. */
  readonly name: string;
  /** A sentence: how it is run, which processor OpenBLAS takes this one for. */
  readonly description: string;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, greeting: string) {
    this.#child = child;
    this.#lines = lines;
    const [numpy, ...words] = greeting.split(" ");
    const isOpenBlas = words[0] === "OpenBLAS" && words.length === 3;
    this.name = isOpenBlas ? `OpenBLAS ${words[1]}` : words.join(" ");
    this.description = `${this.name}: numpy ${numpy} in a process of its own, one thread${isOpenBlas ? `, kernels for ${words[2]}` : ""}.`;
  }

  /** Starts one, or returns undefined where no Python has numpy. */
  static async start(): Promise<OpenBlas | undefined> {
    for (const interpreter of interpreters) {
      const child = spawn(interpreter, [script], {
        stdio: ["pipe", "pipe", "ignore"],
        env: { ...process.env, ...oneThread },
      });
      child.on("error", () => {}); // no such program: then it says nothing either
      child.stdin.on("error", () => {}); // it died: the missing answer tells
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const greeting = await lines.next();
      if (!greeting.done) return new OpenBlas(child, lines, greeting.value);
    }
    return undefined;
  }

  /** The product as a task, its values looked at first. Loading the next forgets this one. */
  async load(timed: ProductCase, a: Float32Array, b: Float32Array, sample: ProductSample): Promise<Task> {
    const { layout, m, n, k } = timed;
    this.#child.stdin!.write(`load ${layout} ${m} ${n} ${k}\n`);
    for (const matrix of [a, b]) {
      this.#child.stdin!.write(new Uint8Array(matrix.buffer, matrix.byteOffset, matrix.byteLength));
    }
    await this.#answer();
    const places = sample.rows.flatMap((row) => sample.columns.map((column) => `${row},${column}`));
    const values = (await this.#ask(`values ${places.join(" ")}`)).split(" ").map(Number);
    const byPlace = new Map(places.map((place, i) => [place, values[i]]));
    verifyProduct(
      `${timed.name}: ${this.name}`,
      sample,
      (row, column) => byPlace.get(`${row},${column}`) ?? Number.NaN,
      tolerance,
    );
    return { label: this.name, sample: async (calls) => Number(await this.#ask(`time ${calls}`)) };
  }

  dispose(): void {
    this.#child.stdin!.end(); // the end of its input is the end of its loop
  }

  async #ask(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`);
    return this.#answer();
  }

  async #answer(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done) throw new Error(`${this.name}: the process ended, expected an answer`);
    return line.value;
  }
}
