import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { EmbeddingBag } from "../src/layers/embeddingBag.js";
import { Linear } from "../src/layers/linear.js";
import { TokenPositionEmbedding } from "../src/layers/tokenPositionEmbedding.js";
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

  /** [1, 2, 3], which does something else first when its last element is read. */
  const withGetter = (act: () => void): number[] => {
    const indices = [1, 2, 0];
    const get = () => {
      act();
      return 3;
    };
    Object.defineProperty(indices, 2, { get });
    return indices;
  };
  const loadBoth = () =>
    TokenPositionEmbedding.fromPretrained({ token: table, position: table }, { ...options, backend });
  const hidden = table.slice(0, 3 * dim);
  const readers: readonly [string, () => { weight: Embedding["weight"]; read(indices: number[]): Float32Array }][] = [
    [
      "TokenPositionEmbedding.forward",
      () => {
        const layer = loadBoth();
        return { weight: layer.token.weight, read: (indices) => layer.forward(indices) };
      },
    ],
    [
      "TokenPositionEmbedding.forward, its positions",
      () => {
        const layer = loadBoth();
        return { weight: layer.position.weight, read: (indices) => layer.forward(indices) };
      },
    ],
    [
      "TokenPositionEmbedding.backward",
      () => {
        const layer = loadBoth();
        const read = (indices: number[]) => {
          layer.backward(indices, {}, hidden);
          return Float32Array.of(...layer.token.weight.grad!.values, ...layer.position.weight.grad!.values);
        };
        return { weight: layer.token.weight, read };
      },
    ],
    [
      "EmbeddingBag.forward",
      () => {
        const layer = EmbeddingBag.fromPretrained(table, { ...options, backend });
        return { weight: layer.weight, read: (indices) => layer.forward([indices]) };
      },
    ],
    [
      "EmbeddingBag.backward, weighted",
      () => {
        const layer = EmbeddingBag.fromPretrained(table, { ...options, backend, mode: "sum" });
        const read = (indices: number[]) => {
          const input = { indices, bagSize: 3, perSampleWeights: [1, 2, 3] };
          const { gradPerSampleWeights } = layer.backward(input, table.subarray(0, dim));
          return Float32Array.of(...layer.weight.grad!.values, ...gradPerSampleWeights!);
        };
        return { weight: layer.weight, read };
      },
    ],
    [
      "Unembedding.loss",
      () => {
        const head = new Unembedding(load().weight);
        return { weight: head.weight, read: (targets) => head.loss(hidden, targets).gradHidden! };
      },
    ],
    [
      "Unembedding.sampledLoss, targets",
      () => {
        const head = new Unembedding(load().weight);
        return { weight: head.weight, read: (targets) => head.sampledLoss(hidden, targets, [4, 5, 6]).gradHidden! };
      },
    ],
    [
      "Unembedding.sampledLoss, negatives",
      () => {
        const head = new Unembedding(load().weight);
        return { weight: head.weight, read: (indices) => head.sampledLoss(hidden, [4, 5, 6], indices).gradHidden! };
      },
    ],
  ];
  describe.each(readers)("%s", (_, make) => {
    test("an element whose getter makes tables, so that WASM memory moves", () => {
      const expected = make().read([1, 2, 3]);
      const others: Embedding[] = [];
      const indices = withGetter(() => others.push(new Embedding(100_000, 20, { backend })));
      expectSameBits(make().read(indices), expected, "result");
      for (const other of others) other.dispose();
    });

    test("an element whose getter gives the table back", () => {
      const { weight, read } = make();
      expect(refusalOf(() => read(withGetter(() => weight.dispose())))).toContain("ERR_DISPOSED");
      expect(weight.grad).toBe(null);
    });
  });

  test("hidden states that lie in memory which moves while topK and the loss make room", () => {
    const head = new Unembedding(load().weight);
    using states = new Embedding(3, dim, { backend });
    states.weight.data.set(hidden);
    const expected = head.topK(hidden, 5);
    const found = new Unembedding(head.weight).topK(states.weight.data, 5);
    expectSameBits(found.values, expected.values, "values");
    expect(found.indices).toEqual(expected.indices);
    const { gradHidden } = new Unembedding(head.weight).loss(states.weight.data, [1, 2, 3]);
    expectSameBits(gradHidden!, head.loss(hidden, [1, 2, 3]).gradHidden!, "gradHidden");
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

  test("results may not be written over the indices either", () => {
    using layer = load();
    using input = new TokenPositionEmbedding(rows, 16, dim, { backend });
    const shared = new Float32Array(16 * dim);
    const indices = new Uint32Array(shared.buffer, 0, 16).fill(3);
    expect(refusalOf(() => layer.forward(indices, shared))).toContain("out is part of indices's memory");
    expect(refusalOf(() => input.forward(indices, {}, shared))).toContain("out is part of indices's memory");
    expect([...indices]).toEqual(new Array(16).fill(3));
  });

  test("targets and negatives with holes are refused, not closed up", () => {
    using layer = load();
    using head = new Unembedding(layer.weight);
    const hidden = table.slice(0, 2 * dim);
    // biome-ignore lint/suspicious/noSparseArray: a hole is what this is about
    const targets = [1, , 2] as number[];
    expect(refusalOf(() => head.loss(hidden, targets))).toContain("targets.length is 3, expected 2");
    expect(refusalOf(() => head.loss(table.slice(0, 3 * dim), targets))).toContain("targets[1] is undefined");
    const negatives = refusalOf(() => head.sampledLoss(table.slice(0, 3 * dim), [1, 2, 3], targets));
    expect(negatives).toContain("negatives[1] is undefined");
  });

  test("indices that another thread changes: a refusal or rows of the table, never a crash", async () => {
    const shared = new Uint32Array(new SharedArrayBuffer(4 * 1000));
    const flip = `const { workerData: a } = require("node:worker_threads"); for (let i = 0; ; i++) a[i % 1000] = i % 3 ? 5 : 0xfffffff0;`;
    const worker = new Worker(flip, { eval: true, workerData: shared });
    try {
      await new Promise((resolve) => worker.once("online", resolve));
      using layer = load();
      using both = loadBoth();
      using bag = EmbeddingBag.fromPretrained(table, { ...options, backend });
      const gradOut = new Float32Array(1000 * dim);
      const calls = [
        () => layer.forward(shared),
        () => layer.backward(shared, gradOut),
        () => both.forward(shared, { sequenceLength: 100 }),
        () => both.backward(shared, { sequenceLength: 100 }, gradOut),
        () => bag.forward({ indices: shared, bagSize: 1000 }),
      ];
      for (let i = 0; i < 300; i++) {
        for (const call of calls) {
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
