import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Linear } from "../src/layers/linear.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { refusalOf } from "./refusals.js";

/** Arguments that share memory with what a call writes, that change while it runs, or that run the caller's code when they are read. */
const [rows, dim] = [100, 64];
const table = filled(new Random(5), rows * dim);
const options = { embeddingDim: dim, freeze: false };

onEveryImplementation(({ name: backend }) => {
  const load = (sparse = false) => Embedding.fromPretrained(table, { ...options, backend, sparse });

  test("an index whose getter looks something up itself", () => {
    using layer = load();
    const indices = [1, 2, 0];
    Object.defineProperty(indices, 2, { get: () => layer.forward([7, 7, 7]).length * 0 + 3 });
    expectSameBits(layer.forward(indices), layer.forward([1, 2, 3]), "rows");
  });

  test("an index whose getter gives the table back", () => {
    const layer = load();
    const indices = [1, 2, 0];
    Object.defineProperty(indices, 2, {
      get: () => {
        layer.dispose();
        return 3;
      },
    });
    expect(refusalOf(() => layer.forward(indices))).toContain("ERR_DISPOSED");
    expect(refusalOf(() => layer.backward(indices, new Float32Array(3 * dim)))).toContain("ERR_DISPOSED");
    expect(layer.weight.grad).toBe(null);
  });

  test("an index whose getter makes a table, so that WASM memory moves", () => {
    using layer = load();
    const others: Embedding[] = [];
    const indices = [1, 2, 0];
    Object.defineProperty(indices, 2, {
      get: () => {
        others.push(new Embedding(100_000, 100, { backend }));
        return 3;
      },
    });
    expectSameBits(layer.forward(indices), layer.forward([1, 2, 3]), "rows");
    for (const other of others) other.dispose();
  });

  test("a plain array may hold BigInts among its numbers", () => {
    using layer = load();
    expectSameBits(layer.forward([1n as unknown as number, 2]), layer.forward([1, 2]), "rows");
  });

  test.each([true, false])("a gradient that is the table's own gradient so far (sparse: %s)", (sparse) => {
    using layer = load(sparse);
    using apart = load(sparse);
    const gradOut = filled(new Random(6), 3 * dim);
    for (const each of [layer, apart]) each.backward([1, 1, 2], gradOut);
    layer.backward([1, 9], layer.weight.grad!.values.subarray(0, 2 * dim));
    apart.backward([1, 9], apart.weight.grad!.values.slice(0, 2 * dim));
    expectSameBits(layer.weight.grad!.toDense(), apart.weight.grad!.toDense(), "grad");
  });

  test("a gradient that is the bias' own gradient so far", () => {
    using head = new Unembedding(load().weight, { bias: true });
    using apart = new Unembedding(load().weight, { bias: true });
    const hidden = table.slice(0, dim);
    const gradLogits = filled(new Random(7), rows);
    for (const each of [head, apart]) each.backward(hidden, gradLogits);
    const gradHidden = head.backward(hidden, head.bias!.grad!.values);
    expectSameBits(gradHidden, apart.backward(hidden, apart.bias!.grad!.toDense()), "gradHidden");
    for (const name of ["weight", "bias"] as const) {
      expectSameBits(head[name]!.grad!.toDense(), apart[name]!.grad!.toDense(), name);
    }
  });

  test("results may not be written over what they are made of", () => {
    using linear = new Linear(dim, 5, { backend });
    using tokens = load();
    using head = new Unembedding(tokens.weight, { bias: true });
    const x = table.slice(0, dim);
    expect(refusalOf(() => linear.forward(x, linear.bias!.data))).toContain("out is part of bias's memory");
    expect(refusalOf(() => head.forward(x, head.bias!.data))).toContain("out is part of bias's memory");
    const out = tokens.weight.data.subarray(8, 8 + dim);
    expect(refusalOf(() => tokens.forward([1], out))).toContain("out is part of weight's memory");
    expectSameBits(tokens.weight.data, table, "table");
  });

  test("indices that another thread changes: a refusal or rows of the table, never a crash", async () => {
    const shared = new Uint32Array(new SharedArrayBuffer(4 * 1000));
    const flip = `const { workerData: a } = require("node:worker_threads"); for (let i = 0; ; i++) a[i % 1000] = i % 3 ? 5 : 0xfffffff0;`;
    const worker = new Worker(flip, { eval: true, workerData: shared });
    try {
      await new Promise((resolve) => worker.once("online", resolve));
      using layer = load();
      const gradOut = new Float32Array(1000 * dim);
      for (let i = 0; i < 300; i++) {
        for (const call of [() => layer.forward(shared), () => layer.backward(shared, gradOut)]) {
          try {
            call();
          } catch (error) {
            expect(error).toMatchObject({ code: "ERR_INDEX_OUT_OF_RANGE" });
          }
        }
      }
    } finally {
      await worker.terminate();
    }
  });
});
