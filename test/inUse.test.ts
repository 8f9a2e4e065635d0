import { expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { EmbeddingBag } from "../src/layers/embeddingBag.js";
import { Linear } from "../src/layers/linear.js";
import { TokenPositionEmbedding } from "../src/layers/tokenPositionEmbedding.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { Adam } from "../src/optim/adam.js";
import { clipGradNorm } from "../src/optim/clipGradNorm.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { refusalOf } from "./refusals.js";

/** While a call is in flight nothing of the package writes to what it reads, or frees it: the same refusals on every backend. */
const [rows, dim] = [2500, 40];
const table = filled(new Random(1), rows * dim);
const hidden = filled(new Random(2), 30 * dim);
const targets = Array.from({ length: 30 }, (_, i) => i * 83);

const inUse = (name: string, calls = "1 call", them = "it") =>
  `Error [ERR_IN_USE]: ${name} is in use by ${calls} in flight, expected none: await ${them} first`;

onEveryImplementation(({ name: backend }) => {
  const load = (options = {}) =>
    Embedding.fromPretrained(table, { embeddingDim: dim, freeze: false, backend, ...options });

  test("a table that is read cannot be given back, resized or stepped", async () => {
    const layer = load();
    const head = new Unembedding(layer.weight, { bias: true });
    const other = new Embedding(3, dim, { backend });
    const optimizer = new Adam([other.weight, layer.weight], { lr: 1 });
    for (const each of [layer, other]) each.backward([1], new Float32Array(dim).fill(1));
    const readers = [
      () => layer.forwardAsync([3, 4]),
      () => layer.forwardAsync(Uint32Array.from({ length: 1000 }, (_, i) => i)),
      () => head.forwardAsync(hidden),
      () => head.topKAsync(hidden, 3),
      () => head.lossAsync(hidden, targets, { gradients: false }),
    ];
    for (const read of readers) {
      const promise = read();
      for (const act of [
        () => layer.dispose(),
        () => layer.weight.dispose(),
        () => layer.resize(rows + 1),
        () => optimizer.step(),
      ]) {
        expect(refusalOf(act)).toBe(inUse("weight"));
      }
      expect(layer.numEmbeddings).toBe(rows);
      expectSameBits(layer.weight.data, table, "the table");
      layer.forward([1]);
      await promise;
    }
    const two = [layer.forwardAsync([1]), head.topKAsync(hidden, 1)];
    expect(refusalOf(() => layer.dispose())).toBe(inUse("weight", "2 calls", "them"));
    await Promise.all(two);

    const before = other.weight.data.slice();
    const promise = layer.forwardAsync([1]);
    expect(refusalOf(() => optimizer.step())).toBe(inUse("weight"));
    expectSameBits(other.weight.data, before, "no parameter moved");
    await promise;
    optimizer.step();
    layer.resize(rows + 1);
    for (const each of [head, layer, other, optimizer]) each.dispose();
  });

  test("a head in flight keeps its bias and what it works in", async () => {
    using layer = load();
    for (const bias of [false, true]) {
      const head = new Unembedding(layer.weight, { bias });
      const calls = [head.topKAsync(hidden, 3), head.lossAsync(hidden, targets)];
      expect(refusalOf(() => head.dispose())).toBe(inUse("unembedding", "2 calls", "them"));
      if (bias) expect(refusalOf(() => head.bias!.dispose())).toBe(inUse("bias", "2 calls", "them"));
      await Promise.all(calls);
      const promise = head.forwardAsync(hidden);
      if (bias) expect(refusalOf(() => head.dispose())).toBe(inUse("bias"));
      await promise;
      head.dispose();
      layer.weight.zeroGrad();
    }
  });

  test("layers of two parameters give neither back", async () => {
    const tables = { token: table, position: table };
    const both = TokenPositionEmbedding.fromPretrained(tables, { embeddingDim: dim, backend });
    const linear = new Linear(dim, 3, { backend });
    const words = EmbeddingBag.fromPretrained(table, { embeddingDim: dim, backend });
    const calls = [
      both.forwardAsync([1]),
      linear.forwardAsync(hidden),
      words.forwardAsync([[1]]),
      both.position.forwardAsync([1]),
    ];
    expect(refusalOf(() => both.dispose())).toBe(inUse("weight", "2 calls", "them"));
    expect(refusalOf(() => linear.dispose())).toBe(inUse("bias"));
    expect(refusalOf(() => words.dispose())).toBe(inUse("weight"));
    await Promise.all(calls);
    const promise = both.position.forwardAsync([1]);
    expect(refusalOf(() => both.dispose())).toBe(inUse("weight"));
    expectSameBits(both.token.forward([0]), table.subarray(0, dim), "the token table is there");
    await promise;
    for (const each of [both, linear, words]) each.dispose();
  });

  test("maxNorm moves no row of a table that is read; lookups that move none go on", async () => {
    const norms = Array.from({ length: rows }, (_, row) => Math.hypot(...table.subarray(row * dim, (row + 1) * dim)));
    const order = [...norms.keys()].sort((i, j) => norms[i] - norms[j]);
    const [short, tall] = [order.slice(0, rows / 2), order.slice(rows / 2 + 1)];
    using layer = load({ maxNorm: norms[order[rows / 2]] });
    const promise = layer.forwardAsync(short);
    layer.forward(short);
    expect(refusalOf(() => layer.forward([short[0], tall[0], tall[1]]))).toBe(inUse("weight"));
    await expect(layer.forwardAsync(tall)).rejects.toMatchObject({ code: "ERR_IN_USE" });
    expectSameBits(layer.weight.data, table, "the table");
    await promise;
    layer.forward(tall);
  });

  test("a gradient that is written is nobody else's", async () => {
    using layer = load();
    using sparse = new Embedding(4, dim, { backend });
    using head = new Unembedding(layer.weight, { bias: true });
    using tied = new Unembedding(layer.weight);
    const optimizer = new Adam([sparse.weight, layer.weight], { lr: 1 });
    sparse.backward([1], new Float32Array(dim).fill(9));
    head.loss(hidden, targets);
    const expected = [layer.weight.grad!.toDense(), head.bias!.grad!.toDense()].map((each) => each.map((x) => 2 * x));
    const promise = head.lossAsync(hidden, targets);
    for (const act of [
      () => layer.backward([1], new Float32Array(dim)),
      () => head.backward(hidden, new Float32Array(30 * rows)),
      () => tied.loss(hidden, targets),
      () => tied.sampledLoss(hidden, targets, targets),
      () => layer.weight.zeroGrad(),
      () => optimizer.zeroGrad(),
      () => clipGradNorm([sparse.weight, layer.weight], 1e-3),
    ]) {
      expect(refusalOf(act)).toBe(inUse("weight.grad"));
    }
    expect(refusalOf(() => head.bias!.zeroGrad())).toBe(inUse("bias.grad"));
    expect(refusalOf(() => optimizer.step())).toBe(inUse("weight"));
    await expect(tied.lossAsync(hidden, targets)).rejects.toMatchObject({ code: "ERR_IN_USE" });
    expect(sparse.weight.grad!.toDense()[dim], "as it was").toBe(9);
    tied.loss(hidden, targets, { gradients: false });
    tied.sampledLoss(hidden, targets, targets, { gradients: false });
    await promise;
    expectSameBits(layer.weight.grad!.toDense(), expected[0], "gradient of the weight");
    expectSameBits(head.bias!.grad!.toDense(), expected[1], "gradient of the bias");
    optimizer.zeroGrad();
    optimizer.dispose();
  });

  test("a bias in use keeps the weight's gradient as it was, whoever is asked first", async () => {
    using layer = load();
    using head = new Unembedding(layer.weight, { bias: true });
    layer.weight.requiresGrad = false;
    const promise = head.lossAsync(hidden, targets);
    layer.weight.requiresGrad = true;
    expect(refusalOf(() => head.backward(hidden, new Float32Array(30 * rows)))).toBe(inUse("bias.grad"));
    expect(refusalOf(() => head.loss(hidden, targets))).toBe(inUse("bias.grad"));
    expect(refusalOf(() => head.sampledLoss(hidden, targets, targets))).toBe(inUse("bias.grad"));
    expect(layer.weight.grad).toBe(null);
    await promise;
    expect(layer.weight.grad, "asked when it began").toBe(null);
  });

  test("frozen parameters have no gradient to share: two losses at once", async () => {
    using layer = load();
    layer.weight.requiresGrad = false;
    using head = new Unembedding(layer.weight);
    const { loss, gradHidden } = head.loss(hidden, targets);
    const both = await Promise.all([head.lossAsync(hidden, targets), head.lossAsync(hidden, targets)]);
    for (const each of both) expect(each).toEqual({ loss, gradHidden });
  });
});
