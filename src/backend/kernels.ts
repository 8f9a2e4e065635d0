/**
 * What the kernels promise: the words and the order of parameters that `native/kernels.h` repeats.
 *
 * Every kernel exists three times under one name, with the same parameters in the same order: `native/kernels/gather.h`,
 * `assembly/gather.ts`, `src/backend/js/gather.ts`. The TypeScript body is the specification: every other implementation
 * gives the same bits (NaN payloads excepted). ARCHITECTURE.md has the order of sums and why it is so.
 */

import type { Word2VecKernels } from "./word2vecKernels.js";

export * from "./word2vecKernels.js";

/** "No padding row" for {@link Kernels.scatterAdd} and the kernels of bags: no table has this many rows. */
export const noPadding = 0xffffffff;

/** What {@link Kernels.gatherBags} makes of the rows of a bag: `mode` is one of these. */
export const bagSum = 0;
export const bagMean = 1;
export const bagMax = 2;

/** Arrays of nothing: "none" where a kernel takes an array or none, and every row, 0, 1, 2, …, for a step. */
export const noFloats: Float32Array = new Float32Array(0);
export const noRows: Uint32Array = new Uint32Array(0);

/**
 * The kernels. Pointers (here: typed arrays) and counts in, a count out; no allocation the caller can see, no exception, no state.
 *
 * The count returned by a kernel that takes indices is the number of indices done: fewer than `numIndices` means the position of
 * the first index that is not in [0, numEmbeddings), and then nothing was written.
 *
 * Arrays may be longer than the counts say, never shorter: checking is the caller's business. Arrays a kernel writes must not overlap
 * those it reads.
 */
export interface Kernels extends RowKernels, BagKernels, MatmulKernels, LogitKernels, StepKernels, Word2VecKernels {}

/** Kernels that move rows from and to a table. */
export interface RowKernels {
  /** out[i, :] = weight[indices[i], :]. weight is (numEmbeddings, embeddingDim), out is (numIndices, embeddingDim). */
  gather(
    weight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    indices: Uint32Array,
    numIndices: number,
    out: Float32Array,
  ): number;

  /**
   * out[i, :] = weight[indices[i], :] + positionWeight[start + i mod sequenceLength, :], a single f32 add each. weight is
   * (numEmbeddings, embeddingDim), positionWeight at least (start + sequenceLength, embeddingDim), out (numIndices, embeddingDim);
   * sequenceLength >= 1.
   */
  gatherSum(
    weight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    indices: Uint32Array,
    numIndices: number,
    positionWeight: Float32Array,
    sequenceLength: number,
    start: number,
    out: Float32Array,
  ): number;

  /**
   * gradWeight[indices[i], :] += gradOut[i, :] for i = 0, 1, ... in this order, each a single f32 add; indices equal to
   * paddingIdx are passed over. gradWeight is (numEmbeddings, embeddingDim), gradOut is (numIndices, embeddingDim).
   */
  scatterAdd(
    gradWeight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    indices: Uint32Array,
    numIndices: number,
    paddingIdx: number,
    gradOut: Float32Array,
  ): number;
}

/**
 * Kernels of bags. offsets (numBags + 1) ascends: bag b is indices[offsets[b]] … indices[offsets[b + 1] - 1], and none is beyond numIndices.
 * Indices before the first offset and from the last on are in no bag. Indices equal to paddingIdx count as not there.
 */
export interface BagKernels {
  /**
   * out[b, :] = the sum, the mean or the maximum of the rows of bag b; +0 for a bag of nothing. out is (numBags, embeddingDim).
   * - bagSum: from +0 in the order of the indices, one f32 add a row; with sampleWeights (numIndices, or none) of f32(row * weight).
   * - bagMean: that sum, divided by the number of rows in the bag.
   * - bagMax: the first row, each element of which the same element of a later row replaces when it is greater (a NaN stays only if it
   *   came first). sampleWeights are not looked at.
   */
  gatherBags(
    weight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    indices: Uint32Array,
    numIndices: number,
    offsets: Uint32Array,
    numBags: number,
    mode: number,
    paddingIdx: number,
    sampleWeights: Float32Array,
    out: Float32Array,
  ): number;

  /**
   * gradWeight[indices[i], :] += gradOut[b, :] for each bag b and its indices in order, each a single f32 add; with scales (numIndices,
   * or none) of f32(scales[i] * gradOut). gradOut is (numBags, embeddingDim).
   */
  scatterAddBags(
    gradWeight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    indices: Uint32Array,
    numIndices: number,
    offsets: Uint32Array,
    numBags: number,
    paddingIdx: number,
    scales: Float32Array,
    gradOut: Float32Array,
  ): number;

  /**
   * gradWeight[places[i], j] += gradOut[b, j] for each bag b in order and each column j, where weight[indices[i], j] is the maximum that
   * bagMax takes: a single f32 add. weight is (numEmbeddings, embeddingDim), gradWeight (numRows, embeddingDim), gradOut (numBags,
   * embeddingDim). The count returned ends as well before the first place that is not in [0, numRows).
   */
  scatterAddMaxBags(
    gradWeight: Float32Array,
    numRows: number,
    weight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    indices: Uint32Array,
    places: Uint32Array,
    numIndices: number,
    offsets: Uint32Array,
    numBags: number,
    paddingIdx: number,
    gradOut: Float32Array,
  ): number;

  /**
   * out[i] = the dot product (8 lanes, `js/dot.ts`) of gradOut[b, :] and weight[indices[i], :] for each index of each bag b; +0 for
   * padding and for indices in no bag. gradOut is (numBags, embeddingDim), out (numIndices).
   */
  dotBags(
    weight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    indices: Uint32Array,
    numIndices: number,
    offsets: Uint32Array,
    numBags: number,
    paddingIdx: number,
    gradOut: Float32Array,
    out: Float32Array,
  ): number;
}

/** Products of matrices. */
export interface MatmulKernels {
  /**
   * out (m, n) = a (m, k) b (k, n), or out += with `accumulate`.
   * Order of sums: every 256 consecutive k in order from +0; then, from +0 or from out, the block sums are added in order.
   */
  matmulNN(
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    accumulate: boolean,
    out: Float32Array,
  ): void;

  /**
   * out (m, n) = a (m, k) b (n, k)^T, or out += with `accumulate`.
   * Order of sums: the 8-lane dot product of `js/dot.ts`; with `accumulate` the finished dot product is added to out.
   */
  matmulNT(
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    accumulate: boolean,
    out: Float32Array,
  ): void;

  /** out (m, n) = a (k, m)^T b (k, n), or out += with `accumulate`. Order of sums: as {@link Kernels.matmulNN}. */
  matmulTN(
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    accumulate: boolean,
    out: Float32Array,
  ): void;
}

/** Kernels that take logits. */
export interface LogitKernels {
  /**
   * Takes one more chunk of each row's logits into its statistics (numRows, 3): the greatest logit so far (-Infinity before the first), the
   * sum of exp(logit - greatest), and the sum of the logits. logits is (numRows, numColumns); bias, of numColumns floats or none, is added
   * to each row first.
   *
   * greatest = the old one, or any logit greater than it (NaN is not); + 0. Then, with greatest taken as 0 while it is -Infinity:
   * exp(fround(logit - greatest)), in doubles (`expUnrounded` of `js/exponential.ts`), and the logits are each summed in 8 lanes of
   * doubles, lane l the columns l, l + 8, ... from +0, folded as a dot product's; sum = fround(sum * exp(fround(old - greatest)) +
   * folded), in doubles and rounded once, and likewise the sum of logits.
   */
  sumExponentials(
    statistics: Float32Array,
    logits: Float32Array,
    numRows: number,
    numColumns: number,
    bias: Float32Array,
  ): void;

  /**
   * logits (numRows, numColumns) become gradients in place: fround(exp(fround(logit - greatest)) * factor - share), where coefficients
   * (numRows, 3) has each row's greatest, which no logit exceeds, factor and share, and bias and exp are as in
   * {@link Kernels.sumExponentials}.
   */
  softmaxGradient(
    logits: Float32Array,
    numRows: number,
    numColumns: number,
    bias: Float32Array,
    coefficients: Float32Array,
  ): void;

  /**
   * Takes one more chunk of each row's logits (numRows, numColumns), with bias as in {@link Kernels.sumExponentials}, into its k greatest:
   * values and places (numRows, k), places being columns, of which this chunk's are first, first + 1, …
   * Until there are k they stand as they come, then as a heap with the least on top; with `isLast` they are then put in order, the greatest
   * first, of equals the one met first. NaN counts as greater than everything. Heaps are those of `js/keepGreatest.ts`.
   */
  keepGreatest(
    values: Float32Array,
    places: Uint32Array,
    k: number,
    first: number,
    isLast: boolean,
    logits: Float32Array,
    numRows: number,
    numColumns: number,
    bias: Float32Array,
  ): void;
}

/** Kernels that move a table and what an optimizer remembers of it. */
export interface StepKernels {
  /**
   * One step of stochastic gradient descent: g = grad + weightDecay * w; with a momentum buffer b = momentum * b + undamped * g and
   * g = b, or with `nesterov` g = g + momentum * b; w = w - lr * g. momentumBuffer is (numEmbeddings, embeddingDim), or empty for none.
   *
   * This and the other steps write in place. Row r of grad (numRows, embeddingDim) belongs to row rows[r] of the tables; rows are each
   * there once. Empty `rows` stand for row 0, 1, 2, …: a dense gradient. Numbers are floats, rounded by the caller; each operation is
   * rounded to f32, from left to right where nothing binds tighter; with a weightDecay of 0 nothing is added to grad. The count of
   * rows done is returned: fewer than numRows is the position of the first row that is not in [0, numEmbeddings).
   */
  stepSGD(
    weight: Float32Array,
    momentumBuffer: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
    lr: number,
    momentum: number,
    undamped: number,
    nesterov: boolean,
    weightDecay: number,
  ): number;

  /** One step of Adagrad: g = grad + weightDecay * w; s = s + g * g; w = w - (lr * g) / (sqrt(s) + eps). sum is as large as weight. */
  stepAdagrad(
    weight: Float32Array,
    sum: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
    lr: number,
    eps: number,
    weightDecay: number,
  ): number;

  /**
   * One step of Adagrad with one scalar a row: s = s + (the 8-lane dot product of g and g) / embeddingDim; rate = lr / (sqrt(s) + eps);
   * w = keep * w - rate * grad. g is grad + weightDecay * w and keep is 1 - rate * weightDecay; with `decoupled`, g is grad and keep is
   * 1 - lr * weightDecay. sum is (numEmbeddings).
   */
  stepRowwiseAdagrad(
    weight: Float32Array,
    sum: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
    lr: number,
    eps: number,
    weightDecay: number,
    decoupled: boolean,
  ): number;

  /**
   * One step of Adam or AdamW: w = keep * w; g = grad + weightDecay * w; m = beta1 * m + gain1 * g; v = beta2 * v + (gain2 * g) * g;
   * w = w - (stepSize * m) / (sqrt(v) / rootCorrection + eps). expAvg (m) and expAvgSq (v) are as large as weight.
   */
  stepAdam(
    weight: Float32Array,
    expAvg: Float32Array,
    expAvgSq: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
    stepSize: number,
    beta1: number,
    gain1: number,
    beta2: number,
    gain2: number,
    rootCorrection: number,
    eps: number,
    weightDecay: number,
    keep: number,
  ): number;

  /**
   * One step of Adam as torch.optim.SparseAdam writes it: m = m + (grad - m) * gain1; v = v + (grad * grad - v) * gain2;
   * w = w - stepSize * (m / (sqrt(v) + eps)).
   */
  stepSparseAdam(
    weight: Float32Array,
    expAvg: Float32Array,
    expAvgSq: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
    stepSize: number,
    gain1: number,
    gain2: number,
    eps: number,
  ): number;
}
