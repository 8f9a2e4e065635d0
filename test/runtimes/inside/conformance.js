/**
 * What every runtime is asked to compute: a few hundred calls of the public API, sizes odd, small (plain JavaScript on every backend) and
 * large (kernels), and calls that are refused. All bits of all results and the text of every error go into one digest. It uses no name of
 * any platform.
 */
import { Digest } from "./digest.js";
import { refusals } from "./refusals.js";

/** Rows, floats per row, lookups: below a call's cost and above it, with every rest of 4, 8 and 16 lanes. */
const shapes = [
  [1, 1, 1],
  [6, 3, 4],
  [7, 5, 30],
  [50, 17, 97],
  [101, 33, 130],
  [131, 64, 65],
  [257, 100, 300],
];

/** All calls on one implementation, such as "wasm:simd". `nn` has the names of nn-embedding and nn-embedding/optim. */
export function conform(nn, backend) {
  const digest = new Digest();
  nn.manualSeed(123);
  for (const part of [streams, lookups, training, bags, positions, heads, products, optimizers, refusals]) {
    part(nn, backend, (value) => digest.add(value));
  }
  return { digest: digest.text, results: digest.count };
}

/** Indices that repeat, in [0, rows). */
function indicesOf(rows, count, step = 7) {
  return Uint32Array.from({ length: count }, (_, i) => (i * step + (i >> 2) * 3) % rows);
}

/** Floats without a pattern that a kernel could hide behind; a few zeros, negative zeros and subnormal numbers among them. */
function floatsOf(nn, length, seed) {
  const generator = new nn.Generator(seed);
  return Float32Array.from({ length }, (_, i) => {
    const x = generator.float32() * 2 - 1;
    return i % 41 === 40 ? -0 : i % 43 === 42 ? x * 1e-40 : x;
  });
}

function streams(nn, _backend, add) {
  const generator = new nn.Generator(7);
  add([generator.uint32(), `${generator.uint64()}`, generator.float32(), generator.initialSeed]);
  const sampler = new nn.AliasSampler([9, 0, 5, 4, 2, 2, 1, 1, 1]);
  add(sampler.sample(generator, new Uint32Array(200)));
  add(nn.oneHot([2, 0], 3));
}

function lookups(nn, backend, add) {
  for (const [rows, dim, count] of shapes) {
    const table = new nn.Embedding(rows, dim, { backend });
    const indices = indicesOf(rows, count);
    for (const read of [indices, Array.from(indices), BigInt64Array.from(indices, BigInt), [[...indices], [[0]]]]) {
      add(table.forward(read));
    }
    add(table.forward(indices, new Float32Array(count * dim)));
    table.resize(rows + 3);
    add(table.weight.data);
    table.dispose();
    for (const normType of [1, 2, 3, Number.POSITIVE_INFINITY]) {
      const short = new nn.Embedding(rows, dim, { backend, maxNorm: 1.5, normType });
      add([short.forward(indices), short.weight.data]);
      short.dispose();
    }
  }
}

function training(nn, backend, add) {
  for (const [rows, dim, count] of shapes) {
    const indices = indicesOf(rows, count);
    const gradOut = floatsOf(nn, count * dim, rows);
    for (const sparse of [false, true]) {
      for (const more of [
        {},
        { paddingIdx: -1 },
        { scaleGradByFreq: true },
        { trainableRows: { start: 0, end: (rows + 1) >> 1 } },
      ]) {
        const table = new nn.Embedding(rows, dim, { backend, sparse, ...more });
        table.backward(indices, gradOut);
        table.backward(indices.subarray(count >> 1), gradOut.subarray((count >> 1) * dim));
        const { grad } = table.weight;
        if (sparse) add(grad.rows);
        add(grad.values);
        table.dispose();
      }
    }
  }
}

function bags(nn, backend, add) {
  for (const [rows, dim, count] of shapes) {
    const indices = indicesOf(rows, count, 5);
    const offsets = [0, 0, count >> 2, count >> 1, count];
    const perSampleWeights = floatsOf(nn, count, count);
    const gradOut = floatsOf(nn, offsets.length * dim, dim);
    for (const mode of ["sum", "mean", "max"]) {
      for (const paddingIdx of [undefined, 0]) {
        const inputs = [
          { indices, offsets },
          { indices, offsets, perSampleWeights },
        ].slice(0, mode === "max" ? 1 : 2);
        for (const input of inputs) {
          const layer = new nn.EmbeddingBag(rows, dim, { backend, mode, ...(paddingIdx === 0 && { paddingIdx }) });
          add(layer.forward(input));
          const { gradPerSampleWeights } = layer.backward(input, gradOut);
          add(layer.weight.grad.values);
          if (gradPerSampleWeights) add(gradPerSampleWeights);
          add(layer.forward([[...indices], [], [0]]));
          add(layer.forward({ indices: indices.subarray(0, count - (count % 3)), bagSize: 3 }));
          layer.dispose();
        }
      }
    }
  }
}

function positions(nn, backend, add) {
  for (const [rows, dim, count] of shapes) {
    for (const kind of ["learned", "sinusoidal"]) {
      const layer = new nn.TokenPositionEmbedding(rows, count + 2, dim, { backend, positions: kind });
      const indices = indicesOf(rows, count * 2);
      add(layer.forward(indices, { sequenceLength: count }));
      add(layer.forward(indices.subarray(count), { start: 2 }));
      layer.backward(indices, { sequenceLength: count }, floatsOf(nn, indices.length * dim, 3));
      add(layer.token.weight.grad.values);
      if (kind === "learned") add(layer.position.weight.grad.values);
      layer.token.dispose();
      layer.position.dispose();
    }
  }
}

function heads(nn, backend, add) {
  for (const [rows, dim, count] of shapes) {
    for (const bias of [false, true]) {
      const table = new nn.Embedding(rows, dim, { backend });
      const head = new nn.Unembedding(table.weight, { bias });
      const n = Math.min(count, 37);
      const hidden = floatsOf(nn, n * dim, 11);
      const targets = Int32Array.from(indicesOf(rows, n), (target, i) => (i % 5 === 4 ? -100 : target));
      head.bias?.data.set(floatsOf(nn, rows, 12));
      add(head.forward(hidden));
      add(head.forward(hidden.subarray(0, dim)));
      const { indices, values } = head.topK(hidden, Math.min(rows, 5));
      add([indices, values]);
      for (const options of [{}, { labelSmoothing: 0.1 }, { reduction: "none" }]) {
        const { loss, gradHidden } = head.loss(hidden, targets, options);
        add([loss, gradHidden, table.weight.grad.values]);
      }
      const negatives = indicesOf(rows, n * 3, 11);
      const sampled = head.sampledLoss(hidden, indicesOf(rows, n), negatives);
      add([sampled.loss, sampled.gradHidden, table.weight.grad.values]);
      if (bias) add(head.bias.grad.values);
      table.dispose();
    }
  }
}

function products(nn, backend, add) {
  const sizes = [
    [1, 1, 1],
    [3, 5, 7],
    [1, 300, 65],
    [5, 131, 33],
    [67, 39, 130],
    [130, 70, 31],
  ];
  for (const [m, n, k] of sizes) {
    const [a, b] = [floatsOf(nn, m * k, m), floatsOf(nn, k * n, n)];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) add(nn.matmul(a, b, { m, n, k, transposeA, transposeB, backend }));
    }
    const linear = new nn.Linear(k, n, { backend });
    add(linear.forward(a));
    add(linear.backward(a, floatsOf(nn, m * n, k)));
    add([linear.weight.grad.values, linear.bias.grad.values]);
  }
}

function optimizers(nn, backend, add) {
  const made = [
    (parameters) => new nn.SGD(parameters, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    (parameters) => new nn.Adagrad(parameters, { lr: 0.1, lrDecay: 0.1 }),
    (parameters) => new nn.RowwiseAdagrad(parameters, { lr: 0.1 }),
    (parameters) => new nn.Adam(parameters, { lr: 0.01, weightDecay: 0.1 }),
    (parameters) => new nn.AdamW(parameters, { lr: 0.01 }),
    (parameters) => new nn.SparseAdam(parameters, { lr: 0.01 }),
  ];
  for (const make of made) {
    for (const sparse of [false, true]) {
      for (const [rows, dim, count] of [shapes[1], shapes[4], shapes[6]]) {
        const table = new nn.Embedding(rows, dim, { backend, sparse });
        const optimizer = make([table.weight]);
        for (let step = 0; step < 3; step++) {
          table.backward(indicesOf(rows, count, 3 + step), floatsOf(nn, count * dim, step));
          add(nn.clipGradNorm([table.weight], 0.5, step + 1));
          optimizer.step();
          optimizer.zeroGrad();
          add(table.weight.data);
        }
        optimizer.dispose();
        table.dispose();
      }
    }
  }
}
