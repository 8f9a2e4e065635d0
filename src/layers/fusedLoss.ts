import { noFloats, noPadding } from "../backend/backend.js";
import type { Call } from "../backend/calls.js";
import type { LossKernels } from "../backend/families/loss.js";
import { log } from "../elementary.js";
import type { OpenGradient, Parameter } from "../parameter.js";
import type { Work } from "../work.js";
import { type Chunk, chunkColumns, planWalk, rowsOfSums, type Walk, walkChunks } from "./chunks.js";
import { type Scratch, type Scratches, wholeLines } from "./scratch.js";

const f = Math.fround;

/** Floats of a row's statistics and coefficients: see `sumExponentials` and `softmaxGradient`. */
const statisticsWidth = 3;

/** What {@link fusedLoss} needs to know. */
export interface FusedLoss {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly scratches: Scratches;
  /** n rows that all count, in memory that does not move. */
  readonly hidden: Float32Array;
  /** The row of the table that each of them should have found. */
  readonly targets: Uint32Array;
  /** What each row's gradient is multiplied by. */
  readonly scales: Float32Array;
  readonly labelSmoothing: number;
  /** Where the gradient with respect to hidden goes; null when no gradients are wanted. */
  readonly gradHidden: Float32Array | null;
}

/** What a row's loss is made of. */
export interface RowLosses {
  /** -log softmax of the target. */
  readonly target: Float64Array;
  /** The mean of -log softmax over all classes. */
  readonly mean: Float64Array;
}

/** What all steps of a loss use. Nothing is allocated in the backend while they run, so views stay what they are. */
interface Course {
  readonly given: FusedLoss;
  readonly walk: Walk;
  readonly table: Float32Array;
  /** Empty without a bias. */
  readonly biasData: Float32Array;
  /** Where gradients go; null where none is wanted. */
  readonly gradWeight: OpenGradient | null;
  readonly gradBias: OpenGradient | null;
  /** Of each row of a block: greatest logit, sum of exponentials, sum of logits; then the coefficients of its gradient. */
  readonly statistics: Float32Array;
  readonly targetLogits: Float32Array;
  readonly logits: Float32Array;
  readonly ones: Float32Array;
  /** 0, 1, 2, …: where bags of one index each begin. */
  readonly everyRow: Uint32Array;
  /** Room for a block of hidden states and for their gradients; empty where they are read and written where the caller has them. */
  readonly homeStates: Float32Array;
  readonly homeGradStates: Float32Array;
}

/** Rows that are walked together. */
interface Rows {
  /** The first of them. */
  readonly top: number;
  readonly count: number;
  readonly targets: Uint32Array;
  readonly states: Float32Array;
  /** Null when no gradients are wanted. */
  readonly gradStates: Float32Array | null;
}

/**
 * Cross-entropy and its gradients without the n x V logits: the table's rows pass by in chunks, once for the sum of each row's
 * exponentials and once more, when the logits of a block of rows were too many to keep, for the gradients. What is kept changes no bit,
 * nor does the batch that a row is in.
 *
 * A pass is kernel calls and nothing between them, so that it need not come back to the event loop for every chunk: the targets' logits are
 * dot products of their own, which have the same bits, and what is subtracted there is a scatterAdd to single floats.
 */
export function* fusedLoss(given: FusedLoss): Work<RowLosses, LossKernels> {
  const { weight, bias, scratches, gradHidden } = given;
  const n = given.targets.length;
  const losses = { target: new Float64Array(n), mean: new Float64Array(n) };
  if (gradHidden !== null) {
    weight.reserveDense();
    bias?.reserveDense();
  }
  const scratch = scratches.take();
  try {
    const course = begin(given, scratch);
    const { rowsAtOnce } = course.walk;
    for (let top = 0; top < n; top += rowsAtOnce) {
      const rows = takeRows(course, top, Math.min(rowsAtOnce, n - top));
      yield* sumRows(course, rows);
      settleRows(course, rows, losses);
      if (rows.gradStates !== null) yield* addGradients(course, rows, rows.gradStates);
      giveRows(course, rows);
    }
    if (course.gradWeight !== null) weight.keepDense(course.gradWeight);
    if (course.gradBias !== null) bias!.keepDense(course.gradBias);
    return losses;
  } finally {
    scratches.give(scratch);
  }
}

/** Lays out what the steps work in. The gradients have room already: from here on nothing is allocated in the backend. */
function begin(given: FusedLoss, scratch: Scratch): Course {
  const { weight, bias } = given;
  const n = given.targets.length;
  const [numEmbeddings, dim] = weight.shape;
  // Beside their logits rows are at home, as WASM wants them, for every product would carry them through its window; native kernels
  // take those of a large batch where they are.
  const bringsHome = weight.backend.moves(weight.data);
  const walk = planWalk(n, numEmbeddings, dim, bringsHome);
  const { rowsAtOnce, keepsAll, floatsOfSums, floatsOfGradients } = walk;
  const wanted = given.gradHidden !== null;
  const laidOut = keepsAll || bringsHome ? rowsAtOnce * dim : 0;
  // Gradients of states come with the second pass: they lie behind its logits, where those of the first pass may have been.
  const gradStatesAt = wholeLines(floatsOfGradients);
  const floatsOfBoth = Math.max(floatsOfSums, wanted ? gradStatesAt + laidOut : 0);
  const [statistics, ones, targetLogits, homeStates, logits] = scratch.take(
    ...[rowsAtOnce * statisticsWidth, rowsAtOnce, rowsAtOnce, laidOut, floatsOfBoth],
  );
  const homeGradStates = logits.subarray(gradStatesAt, gradStatesAt + laidOut);
  ones.fill(1);
  const everyRow = new Uint32Array(rowsAtOnce + 1).map((_, i) => i);
  const gradWeight = wanted ? weight.openDense() : null;
  const gradBias = wanted && bias !== null ? bias.openDense() : null;
  for (const each of [gradWeight, gradBias]) if (n === 0 && each?.accumulate === false) each.values.fill(0);
  const table = weight.data;
  const biasData = bias?.data ?? noFloats;
  // biome-ignore format: one line a thing
  return {
    given, walk, table, biasData, gradWeight, gradBias,
    statistics, targetLogits, logits, ones, everyRow, homeStates, homeGradStates,
  };
}

/** The next rows, brought home where they are to be. */
function takeRows({ given, homeStates, homeGradStates }: Course, top: number, count: number): Rows {
  const { weight, gradHidden } = given;
  const dim = weight.numColumns;
  const targets = given.targets.subarray(top, top + count);
  const hidden = given.hidden.subarray(top * dim, (top + count) * dim);
  if (homeStates.length === 0) {
    const gradStates = gradHidden?.subarray(top * dim, (top + count) * dim) ?? null;
    return { top, count, targets, states: hidden, gradStates };
  }
  homeStates.set(hidden);
  return { top, count, targets, states: homeStates, gradStates: gradHidden === null ? null : homeGradStates };
}

/** The first pass: each row's greatest logit, sum of exponentials and sum of logits, chunk after chunk, and its target's logit. */
function* sumRows(course: Course, { count, targets, states }: Rows): Work<void, LossKernels> {
  const { given, walk, table, statistics, targetLogits, everyRow } = course;
  const [numEmbeddings, dim] = given.weight.shape;
  for (let i = 0; i < count; i++) statistics.set([Number.NEGATIVE_INFINITY, 0, 0], i * statisticsWidth);
  const targetsAsBags = [targets, count, everyRow, count, noPadding] as const; // each a bag of its own
  yield [["dotBags", [table, numEmbeddings, dim, ...targetsAsBags, states, targetLogits]]];

  const summedAtOnce = walk.keepsAll ? count : Math.min(count, rowsOfSums);
  yield* walkChunks(numEmbeddings, chunkColumns, count * dim, (chunk) => {
    const { logits, rowsOfTable, bias } = partsOf(course, chunk, count);
    const calls: Call<LossKernels>[] = [];
    for (let start = 0; start < count; start += summedAtOnce) {
      const some = Math.min(summedAtOnce, count - start);
      const someStates = states.subarray(start * dim, (start + some) * dim);
      const someStatistics = statistics.subarray(start * statisticsWidth, (start + some) * statisticsWidth);
      const someLogits = logits.subarray(0, some * chunk.count);
      calls.push(["matmulNT", [someStates, rowsOfTable, some, chunk.count, dim, false, someLogits]]);
      calls.push(["sumExponentials", [someStatistics, someLogits, some, chunk.count, bias]]);
    }
    return calls;
  });
}

/** Between the passes: the sums become losses, and the coefficients that make gradients of logits. */
function settleRows(
  { given, biasData, statistics, targetLogits }: Course,
  { top, count, targets }: Rows,
  losses: RowLosses,
): void {
  const { weight, bias, scales, labelSmoothing } = given;
  const numEmbeddings = weight.numRows;
  for (let i = 0; i < count; i++) {
    const [greatest, sum, logitSum] = statistics.subarray(i * statisticsWidth, (i + 1) * statisticsWidth);
    const targetLogit = bias === null ? targetLogits[i] : f(targetLogits[i] + biasData[targets[i]]);
    const logOfSum = log(sum);
    losses.target[top + i] = logOfSum - (targetLogit - greatest);
    losses.mean[top + i] = logOfSum + (greatest - logitSum / numEmbeddings);
    const scale = scales[top + i];
    statistics[i * statisticsWidth + 1] = scale / sum;
    statistics[i * statisticsWidth + 2] = (scale * labelSmoothing) / numEmbeddings;
  }
}

/** The second pass: logits, kept or made again, become their gradients in place, and those what weight, bias and states get. */
function* addGradients(course: Course, rows: Rows, gradStates: Float32Array): Work<void, LossKernels> {
  const { given, walk, statistics, ones, gradWeight, gradBias } = course;
  const { top, count: m, states } = rows;
  const [numEmbeddings, dim] = given.weight.shape;
  yield* walkChunks(numEmbeddings, walk.gradientColumns, 3 * m * dim, (chunk) => {
    const { first, count } = chunk;
    const { logits, rowsOfTable, bias } = partsOf(course, chunk, m);
    const calls: Call<LossKernels>[] = [];
    if (!walk.keepsAll) calls.push(["matmulNT", [states, rowsOfTable, m, count, dim, false, logits]]);
    calls.push(["softmaxGradient", [logits, m, count, bias, statistics]]);
    const { places, less } = targetsIn(chunk, rows, given);
    calls.push(["scatterAdd", [logits, m * count, 1, places, places.length, noPadding, less]]);
    if (gradWeight !== null) {
      const to = gradWeight.values.subarray(first * dim, (first + count) * dim);
      calls.push(["matmulTN", [logits, states, count, dim, m, gradWeight.accumulate || top > 0, to]]);
    }
    if (gradBias !== null) {
      const to = gradBias.values.subarray(first, first + count);
      calls.push(["matmulNN", [ones, logits, 1, count, m, gradBias.accumulate || top > 0, to]]);
    }
    calls.push(["matmulNN", [logits, rowsOfTable, m, dim, count, first > 0, gradStates]]);
    return calls;
  });
}

/** Which of a chunk's logits are those of targets, and what their gradients are less for it. */
function targetsIn({ first, count }: Chunk, { top, targets }: Rows, { scales, labelSmoothing }: FusedLoss) {
  const found: number[] = [];
  for (let i = 0; i < targets.length; i++) if (targets[i] >= first && targets[i] < first + count) found.push(i);
  const places = new Uint32Array(found.length); // no longer: there is a pair for every chunk of a list of calls
  const less = new Float32Array(found.length);
  found.forEach((i, at) => {
    places[at] = i * count + targets[i] - first;
    less[at] = -f(scales[top + i] * (1 - labelSmoothing));
  });
  return { places, less };
}

/** Gradients that were made at home are the caller's. */
function giveRows({ given, homeGradStates }: Course, { top, count }: Rows): void {
  const dim = given.weight.numColumns;
  if (homeGradStates.length > 0) given.gradHidden?.set(homeGradStates.subarray(0, count * dim), top * dim);
}

/** A chunk's part of the table and of the bias, and where its logits of so many rows are. */
function partsOf({ given, walk, table, biasData, logits }: Course, { first, count }: Chunk, rows: number) {
  const dim = given.weight.numColumns;
  const start = walk.keepsAll ? rows * first : 0;
  return {
    logits: logits.subarray(start, start + rows * count),
    rowsOfTable: table.subarray(first * dim, (first + count) * dim),
    bias: biasData.subarray(first, first + count),
  };
}
