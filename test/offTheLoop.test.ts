import { execFile } from "node:child_process";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { exists, root } from "./house/sources.js";

const path = "build/Release/nn_embedding.node";

/**
 * A program for Node alone, without src: the addon, arrays for a product of about 30 ms (5 with AVX-512), and `multiply`, which has it made
 * off the event loop.
 */
const prelude = `
  const { parentPort } = require("node:worker_threads");
  const loaded = { exports: {} };
  process.dlopen(loaded, ${JSON.stringify(root + path)});
  const addon = loaded.exports;
  const [isa] = Object.keys(addon.implementations);
  const [m, n, k] = [128, 4000, 500];
  const floats = (length) => new Float32Array(addon.allocate(length * 4)).fill(1);
  const [a, b] = [floats(m * k), floats(n * k)];
  const multiply = (out = new Float32Array(m * n)) => {
    addon.noted[isa].matmulNT(a, b, m, n, k, false, out);
    return addon.run().then(() => out);
  };
`;

/** What a Node process running that program came to. */
function runProgram(program: string, ...options: string[]) {
  return new Promise<{ code: unknown; signal: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [...options, "-e", prelude + program], { timeout: 50_000 }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr });
    });
  });
}

const many = "for (let i = 0; i < 12; i++) multiply();";

describe.skipIf(!exists(path))("the addon", () => {
  test("a process that exits with calls in flight exits as it was told", async () => {
    const { code, signal, stderr } = await runProgram(`${many} process.exit(7);`);
    expect({ code, signal, stderr }).toEqual({ code: 7, signal: null, stderr: "" });
  });

  test("a process that dies of an error with calls in flight says so and nothing else", async () => {
    const { code, signal, stderr } = await runProgram(`${many} throw new Error("as it should");`);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain("Error: as it should");
  });

  test("calls in flight keep a process alive, and their arrays, whoever forgets them", async () => {
    const program = `
      const sums = [];
      const forgetful = () => addon.noted[isa].matmulNT(floats(m * k), floats(n * k), m, n, k, false, new Float32Array(m * n));
      for (let i = 0; i < 6; i++) {
        forgetful();
        addon.run();
      }
      gc();
      multiply().then((out) => console.log(out.every((value) => value === k)));
      gc();
    `;
    const { code, stdout, stderr } = await runProgram(program, "--expose-gc");
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "true\n", stderr: "" });
  });

  test("a worker that is terminated, or exits, with calls in flight leaves the others alone", async () => {
    const busy = `${prelude} const again = () => multiply().then(again); for (let i = 0; i < 3; i++) again();`;
    const endings = ["", "setTimeout(() => process.exit(), 20);", "setTimeout(() => { throw new Error(); }, 20);"];
    for (const ending of endings) {
      const workers = Array.from({ length: 4 }, () => {
        const worker = new Worker(`${busy} ${ending} parentPort.postMessage("begun");`, { eval: true });
        worker.on("error", () => {});
        const begun = new Promise((resolve) => worker.once("message", resolve));
        return { worker, begun, ended: new Promise((resolve) => worker.once("exit", resolve)) };
      });
      await Promise.all(workers.map(({ begun }) => begun));
      if (ending === "") for (const { worker } of workers) worker.terminate();
      await Promise.all(workers.map(({ ended }) => ended));
    }
    using table = Embedding.fromPretrained(new Float32Array(40_000).fill(2), { embeddingDim: 4, backend: "native" });
    const indices = new Uint32Array(10_000);
    expect((await table.forwardAsync(indices)).every((value) => value === 2)).toBe(true);
  });

  test("a call that is refused takes those noted down before it along", async () => {
    const program = `
      const out = new Float32Array(m * n);
      addon.noted[isa].matmulNT(a, b, m, n, k, false, out);
      try {
        addon.noted[isa].matmulNT(a, b, m + 1, n, k, false, out);
      } catch ({ code, message }) {
        console.log(code + ": " + message);
      }
      addon.forget();
      addon.run().then(() => console.log(out.every((value) => value === 0)));
    `;
    const { stdout, stderr } = await runProgram(program);
    const refusal = "ERR_INVALID_LENGTH: a has 64000 elements, expected at least 129 x 500";
    expect({ stdout, stderr }).toEqual({ stdout: `${refusal}\ntrue\n`, stderr: "" });
  });
});

onEveryImplementation(({ name: backend }) => {
  test.skipIf(!backend.startsWith("native"))(
    "a timer goes on ticking during a long topKAsync or lossAsync",
    async () => {
      const [rows, dim] = [20_000, 128];
      using tokens = new Embedding(rows, dim, { backend });
      using head = new Unembedding(tokens.weight);
      let ticks = 0;
      const timer = setInterval(() => ticks++, 2);
      try {
        const few = new Float32Array(64 * dim);
        head.topK(few, 5);
        const start = performance.now();
        head.topK(few, 5);
        const each = performance.now() - start;
        const n = 64 * Math.ceil(200 / each);
        const hidden = new Float32Array(n * dim).fill(1);
        const targets = new Uint32Array(n);
        const options = { gradients: false };

        const during = async (call: () => unknown): Promise<number> => {
          await new Promise((resolve) => setImmediate(resolve));
          const before = ticks;
          const promise = call();
          if (promise instanceof Promise) await promise;
          return ticks - before;
        };
        expect(await during(() => head.topK(hidden, 5))).toBe(0);
        expect(await during(() => head.topKAsync(hidden, 5))).toBeGreaterThan(10);
        expect(await during(() => head.loss(hidden, targets, options))).toBe(0);
        expect(await during(() => head.lossAsync(hidden, targets, options))).toBeGreaterThan(10);
      } finally {
        clearInterval(timer);
      }
    },
  );
});
