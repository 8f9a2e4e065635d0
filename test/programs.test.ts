import { expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { Adagrad } from "../src/optim/adagrad.js";
import { SGD } from "../src/optim/sgd.js";
import { Generator } from "../src/random/generator.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementationAndThreads } from "./conformance/implementations.js";

/**
 * Random programs: an embedding with options drawn at random goes through lookups, gradients, losses of a tied head, optimizer steps,
 * resizes and refused calls. On the way some things must hold; what comes of it must have the same bits everywhere. That the
 * specification itself is right is what test/torch compares.
 */
const numPrograms = 300;

function runProgram(seed: number, backend: string): Float32Array {
  const random = new Random(seed);
  const dim = random.of([1, 3, 8, 17, 40]);
  let rows = 1 + random.below(30);
  const sometimes = <T>(value: T): T | undefined => (random.below(2) === 0 ? value : undefined);
  const mask = Array.from({ length: rows }, () => random.below(3) > 0);
  const options = {
    paddingIdx: sometimes(random.below(2 * rows) - rows),
    maxNorm: sometimes(random.below(40) / 8),
    normType: random.of([1, 2, 3, 0.5, Number.POSITIVE_INFINITY]),
    scaleGradByFreq: random.below(2) === 0,
    sparse: random.below(2) === 0,
    trainableRows: sometimes(mask),
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  using layer = new Embedding(rows, dim, { ...given, backend, generator: new Generator(seed) });
  const head = new Unembedding(layer.weight);
  const optimizer = random.of([SGD, Adagrad].map((each) => new each([layer.weight], { lr: 0.1 })));
  const fixed = mask.map((_, row) => (layer.weight.isTrainable(row) ? null : layer.weight.data.slice(row * dim)));
  const seen: Float32Array[] = [];

  for (let step = 0; step < 10; step++) {
    const indices = Uint32Array.from({ length: random.of([0, 1, 5, 60]) }, () => random.below(rows));
    const gradOut = filled(random, indices.length * dim);
    const before = layer.weight.data.slice();
    const touched = new Set<number>();
    switch (random.below(7)) {
      case 0:
      case 1:
        seen.push(layer.forward(indices));
        if (options.maxNorm !== undefined) for (const row of indices) touched.add(row);
        break;
      case 2:
      case 3:
        layer.backward(indices, gradOut);
        break;
      case 4:
        if (indices.length > 0) seen.push(Float32Array.of(head.loss(gradOut, indices).loss));
        break;
      case 5: {
        const { grad } = layer.weight;
        for (let row = 0; row < rows; row++) if (grad?.kind === "dense") touched.add(row);
        if (grad?.kind === "sparse") for (const row of grad.rows) touched.add(row);
        optimizer.step();
        optimizer.zeroGrad();
        break;
      }
      default:
        rows = Math.max((layer.paddingIdx ?? 0) + 1, 1 + random.below(40));
        layer.resize(rows);
    }
    const grad = layer.weight.grad?.toDense();
    const kept = layer.weight.data.slice();
    expect(() => layer.forward([...indices, rows])).toThrow(RangeError);
    expect(() => layer.backward(Uint32Array.of(...indices, rows), filled(random, gradOut.length + dim))).toThrow();
    expectSameBits(layer.weight.data, kept, "a refused call changes nothing");
    if (grad !== undefined) expectSameBits(layer.weight.grad!.toDense(), grad, "nor the gradient");
    for (let row = 0; row < Math.min(rows, before.length / dim); row++) {
      if (touched.has(row)) continue;
      const [from, to] = [row * dim, (row + 1) * dim];
      expectSameBits(kept.slice(from, to), before.slice(from, to), `untouched row ${row} stays`);
    }
    fixed.forEach((row, r) => {
      if (r >= rows)
        fixed[r] = null; // gone, and a new row may come in its place
      else if (row !== null) expectSameBits(kept.slice(r * dim, (r + 1) * dim), row.slice(0, dim), `row ${r} is fixed`);
    });
  }
  return Float32Array.of(...layer.weight.data, ...(layer.weight.grad?.toDense() ?? []), ...seen.flatMap((s) => [...s]));
}

const expected = Array.from({ length: numPrograms }, (_, seed) => runProgram(seed, "js"));

onEveryImplementationAndThreads(({ name: backend }) => {
  test(`${numPrograms} random programs`, () => {
    expected.forEach((bits, seed) => {
      expectSameBits(runProgram(seed, backend), bits, `program ${seed}`);
    });
  });
});
