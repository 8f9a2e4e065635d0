import {
  bagMax,
  bagMean,
  bagSum,
  drawing,
  longestSentence,
  noFloats,
  noPadding,
  noRows,
} from "../../backend/backend.js";
import type { Call } from "../../backend/calls.js";
import type { Generator } from "../../random/generator.js";
import { drawFloats } from "../floats.js";

const [rows, count, numBags, paddingIdx] = [37, 53, 5, 5];
const [half, tenth, tiny] = [0.5, Math.fround(0.1), Math.fround(1e-8)];

/** Calls of every kernel, of odd sizes and of a vector's, small enough that all of them together take a blink. */
export function kernelCalls(generator: Generator): readonly Call[] {
  const draw = {
    floats: (length: number) => drawFloats(length, generator),
    positive: (length: number) => drawFloats(length, generator).map(Math.abs),
    words: (length: number, end = 2 ** 32) =>
      generator.fillUint32(new Uint32Array(length)).map((word) => (end === 2 ** 32 ? word : word % end)),
  };
  return [
    ...[3, 19, 64].flatMap((dim) => [...lookups(dim, draw), ...losses(dim, draw), ...steps(dim, draw)]),
    ...products(draw),
    ...tuples(draw),
  ];
}

interface Draw {
  floats(length: number): Float32Array;
  /** None below 0. */
  positive(length: number): Float32Array;
  words(length: number, end?: number): Uint32Array;
}

/** Reading and adding to rows, singly and in bags. */
function lookups(dim: number, { floats, words }: Draw): Call[] {
  const table = floats(rows * dim);
  const ids = words(count, rows);
  const bad = ids.slice(); // a refused call tells where, and changes nothing
  bad[29] = rows;
  const of = [table, rows, dim, ids, count] as const;
  const offsets = Uint32Array.of(2, 2, 19, 20, 33, 50); // a bag of nothing, and indices in no bag
  const bags = [...of, offsets, numBags] as const;
  const [out, pooled, weights] = [floats(count * dim), floats(numBags * dim), floats(count)];
  return [
    ["gather", [...of, out]],
    ["gather", [table, rows, dim, bad, count, out]],
    ["gatherSum", [...of, floats(11 * dim), 7, 3, out]],
    ["scatterAdd", [...of, noPadding, out]],
    ["scatterAdd", [...of, paddingIdx, out]],
    ["scatterAdd", [table, rows, dim, bad, count, noPadding, out]],
    ["gatherBags", [...bags, bagSum, noPadding, noFloats, pooled]],
    ["gatherBags", [...bags, bagSum, paddingIdx, weights, pooled]],
    ["gatherBags", [...bags, bagMean, paddingIdx, noFloats, pooled]],
    ["gatherBags", [...bags, bagMax, paddingIdx, noFloats, pooled]],
    ["scatterAddBags", [...bags, noPadding, noFloats, pooled]],
    ["scatterAddBags", [...bags, paddingIdx, weights, pooled]],
    [
      "scatterAddMaxBags",
      [floats(9 * dim), 9, table, rows, dim, ids, words(count, 9), count, offsets, numBags, paddingIdx, pooled],
    ],
    ["dotBags", [...bags, paddingIdx, pooled, weights]],
  ];
}

/** Statistics of logits, their gradients, the greatest of them. */
function losses(dim: number, { floats, positive }: Draw): Call[] {
  const of = [floats(rows * dim), rows, dim] as const;
  const bias = floats(dim);
  const none = positive(rows * 3).map((_, i) => (i % 3 === 0 ? Number.NEGATIVE_INFINITY : 0));
  const greatest = floats(rows * 3).map((value) => value + 2); // no logit exceeds it
  return [
    ["sumExponentials", [none, ...of, noFloats]],
    ["sumExponentials", [positive(rows * 3), ...of, bias]],
    ["softmaxGradient", [...of, bias, greatest]],
    ["keepGreatest", [new Float32Array(rows * 3), new Uint32Array(rows * 3), 3, 0, true, ...of, bias]],
  ];
}

/** Steps of optimizers, of some rows and of all, and of word2vec. */
function steps(dim: number, { floats, positive, words }: Draw): Call[] {
  const some = words(20).map((_, i) => (i * 31 + 7) % rows);
  const [table, other, squares] = [floats(rows * dim), floats(rows * dim), positive(rows * dim)];
  const sparse = [rows, dim, some, some.length, floats(some.length * dim)] as const;
  const dense = [rows, dim, noRows, rows, floats(rows * dim)] as const;
  const tables = [table, other, rows, dim] as const;
  const [ids, outputs, lr] = [words(count, rows), words(count * 6, rows), floats(count)];
  return [
    ["stepSGD", [table, noFloats, ...sparse, tenth, 0, 1, false, 0]],
    ["stepSGD", [table, other, ...dense, tenth, half, half, true, tenth]],
    ["stepAdagrad", [table, squares, ...sparse, tenth, tiny, 0]],
    ["stepAdagrad", [table, squares, ...dense, tenth, tiny, tenth]],
    ["stepRowwiseAdagrad", [table, positive(rows), ...sparse, tenth, tiny, tenth, false]],
    ["stepRowwiseAdagrad", [table, positive(rows), ...dense, tenth, tiny, tenth, true]],
    ["stepAdam", [table, other, squares, ...sparse, tenth, half, half, half, half, half, tiny, 0, 1]],
    ["stepAdam", [table, other, squares, ...dense, tenth, half, half, half, half, half, tiny, tenth, half]],
    ["stepSparseAdam", [table, other, squares, ...sparse, tenth, tenth, half, tiny]],
    ["stepSkipGram", [...tables, ids, outputs, count, 5, lr]],
    ["stepCbow", [...tables, ids, count, Uint32Array.of(0, 0, 17, 18, 31, count), outputs, numBags, 5, lr]],
  ];
}

/** k above 256 has two blocks; one row, a few and many take different ways through the kernels. */
function products({ floats }: Draw): Call[] {
  const sizes = [
    [1, 33, 300],
    [5, 21, 13],
    [27, 35, 271],
  ];
  return (["matmulNN", "matmulNT", "matmulTN"] as const).flatMap((name) =>
    sizes.flatMap(([m, n, k]) =>
      [false, true].map(
        (accumulate): Call => [name, [floats(m * k), floats(n * k), m, n, k, accumulate, floats(m * n)]],
      ),
    ),
  );
}

/** Tuples drawn from a text of several lines. */
function tuples({ words }: Draw): Call[] {
  const [numTokens, numNegatives, maxInputs, maxTuples] = [500, 5, 600, 400];
  const state = new Uint32Array(drawing.sentence + longestSentence);
  state.set(words(4));
  const tokens = words(numTokens, rows).map((word, i) => (i % 61 === 60 ? rows : word)); // `rows` ends a line
  const keep = words(rows).map((word) => 2 ** 30 + (word >>> 2));
  const buckets = words(2 * rows).map((word, i) => (i % 2 === 0 ? word >>> 1 : word % rows));
  const text = [state, tokens, numTokens, rows, keep, buckets, rows, 5, numNegatives, 0.05, 100, 1000] as const;
  const [inputs, offsets] = [new Uint32Array(maxInputs), new Uint32Array(maxTuples + 1)];
  const outputs = new Uint32Array(maxTuples * (1 + numNegatives));
  const lr = new Float32Array(maxTuples);
  return [
    ["drawSkipGram", [...text, inputs, outputs, lr, maxTuples]],
    ["drawCbow", [...text, inputs, maxInputs, offsets, outputs, lr, maxTuples]],
  ];
}
