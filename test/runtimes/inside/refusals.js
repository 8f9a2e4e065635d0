/** Calls that are refused: the text of each error is the same everywhere, and nothing was changed. */
export function refusals(nn, backend, add) {
  const table = new nn.Embedding(100, 16, { backend });
  const position = new nn.TokenPositionEmbedding(100, 8, 16, { backend });
  const bag = new nn.EmbeddingBag(100, 16, { backend });
  const weightless = new nn.EmbeddingBag(100, 16, { backend, mode: "max" });
  const head = new nn.Unembedding(table.weight);
  const disposed = new nn.Embedding(3, 2, { backend });
  disposed.dispose();
  const floats = (length) => new Float32Array(length);
  const long = (value) => Array.from({ length: 300 }, (_, i) => (i === 250 ? value : i % 100));

  const calls = [
    ...[100, -1, Number.NaN, 1.5, 2 ** 32 + 1, 100n, "1", null, true, {}, undefined].flatMap((value) => [
      () => table.forward([1, value]),
      () => table.forward(long(value)),
      () => table.backward(long(value), floats(300 * 16)),
      () => bag.forward([[1], [2, 3, value]]),
    ]),
    () => table.forward(3),
    () => table.forward(floats(2)),
    () => table.forward([[0, 1], [[2, 3, 100]]]),
    () => table.forward([1, 2], floats(31)),
    () => table.forward([1, 2, 3, 4], table.weight.data.subarray(0, 64)),
    () => table.backward([1, 2], floats(31)),
    () => table.resize(0),
    () => disposed.forward([0]),
    () => new nn.Embedding(0, 3, { backend }),
    () => new nn.Embedding(3, 1.5, { backend }),
    () => new nn.Embedding(3, 2, { backend, paddingIdx: 3 }),
    () => new nn.Embedding(3, 2, { backend, paddingIndex: 1 }),
    () => new nn.Embedding(3, 2, { backend, maxNorm: -1 }),
    () => nn.Embedding.fromPretrained(floats(5), { embeddingDim: 2, backend }),
    () => position.forward([0, 1, 2], { start: 6 }),
    () => position.forward(new Uint32Array(9)),
    () => position.forward([0, 1, 2], { sequenceLength: 2 }),
    () => bag.forward(3),
    () => bag.forward({ indices: [1, 2], offsets: [1] }),
    () => bag.forward({ indices: long(1), offsets: [0, 4, 3] }),
    () => bag.forward({ indices: long(1), bagSize: 7 }),
    () => bag.forward({ indices: long(100), bagSize: 3 }),
    () => bag.forward({ indices: long(1), bagSize: 3, perSampleWeights: floats(299) }),
    () => weightless.forward({ indices: [1, 2], bagSize: 1, perSampleWeights: floats(2) }),
    () => new nn.EmbeddingBag(3, 2, { backend, mode: "median" }),
    () => new nn.Unembedding(3),
    () => head.forward(floats(17)),
    () => head.topK(floats(16), 0),
    () => head.topK(floats(16), 101),
    () => head.loss(floats(16), [100]),
    () => head.loss(floats(16), [1], { labelSmoothing: 2 }),
    () => nn.matmul(floats(6), floats(6), { m: 2, n: 2, k: 4, backend }),
    () => nn.matmul([1], floats(1), { m: 1, n: 1, k: 1, backend }),
    () => nn.oneHot([3], 3),
    () => new nn.Generator(1.5),
    () => new nn.AliasSampler([0, 0]),
    () => new nn.SGD(3),
    () => new nn.SGD([table.weight], { lr: -1 }),
    () => new nn.Adam([table.weight], { betas: [0.9, 1] }),
    () => new nn.Adam([3]),
    () => nn.clipGradNorm([table.weight], -1),
  ];
  const before = table.weight.data.slice();
  for (const [i, call] of calls.entries()) {
    let told = "nothing was refused";
    try {
      call();
    } catch ({ name, code, message }) {
      told = `${name} [${code}]: ${message}`;
    }
    if (!/\[ERR_\w+\]/.test(told)) throw new Error(`refusals[${i}]: ${told}`);
    add(told);
  }
  add([before, table.weight.data, table.weight.grad === null]);
}
