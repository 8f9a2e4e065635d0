import { type Kernels, noPadding } from "../../src/backend/backend.js";
import { type Filling, filled, Random } from "./cases.js";
import type { Placed } from "./placed.js";

export const numEmbeddings = 23;

/** A batch of training steps: what stepSkipGram and stepCbow take beside the tables. */
export interface Steps {
  readonly kind: "stepSkipGram" | "stepCbow";
  readonly dim: number;
  readonly numTuples: number;
  readonly numNegatives: number;
  readonly inputs: Uint32Array;
  /** numTuples + 1 positions in inputs; for skip-gram simply 0, 1, 2 … */
  readonly offsets: Uint32Array;
  readonly outputs: Uint32Array;
  readonly lr: Float32Array;
  readonly inputWeight: Float32Array;
  readonly outputWeight: Float32Array;
}

/**
 * Random tuples of a small table, so that rows meet again at once: the same input in a row, a negative that is the target, a negative
 * twice, an input twice in a bag, inputs that are outputs.
 */
export function stepsCase(
  kind: Steps["kind"],
  dim: number,
  numTuples: number,
  numNegatives: number,
  filling: Filling = "ordinary",
): Steps {
  const random = new Random(dim * 64 + numNegatives);
  const draw = () => random.below(random.of([2, numEmbeddings]));
  const counts = Array.from({ length: numTuples }, () => (kind === "stepSkipGram" ? 1 : random.below(7)));
  const offsets = Uint32Array.from([0, ...counts]);
  for (let t = 0; t < numTuples; t++) offsets[t + 1] += offsets[t];
  return {
    kind,
    dim,
    numTuples,
    numNegatives,
    offsets,
    inputs: Uint32Array.from({ length: offsets[numTuples] }, draw),
    outputs: Uint32Array.from({ length: numTuples * (1 + numNegatives) }, draw),
    lr: Float32Array.from({ length: numTuples }, () => random.uint32() / 2 ** 34),
    inputWeight: filled(random, numEmbeddings * dim, filling),
    outputWeight: filled(random, numEmbeddings * dim, filling),
  };
}

/** What Placed.words and Placed.floats give, or arrays as they are. */
export interface Arrays {
  readonly inputWeight: Float32Array;
  readonly outputWeight: Float32Array;
  readonly inputs: Uint32Array;
  readonly offsets: Uint32Array;
  readonly outputs: Uint32Array;
  readonly lr: Float32Array;
}

/** The batch's arrays in the order in which {@link arraysOf} wants them placed. */
export function valuesOf({ inputWeight, outputWeight, inputs, offsets, outputs, lr }: Arrays) {
  return [inputWeight, outputWeight, inputs, offsets, outputs, lr] as const;
}

export function arraysOf(placed: readonly Placed[]): Arrays {
  const [inputWeight, outputWeight, inputs, offsets, outputs, lr] = placed;
  return {
    inputWeight: inputWeight.floats,
    outputWeight: outputWeight.floats,
    inputs: inputs.words,
    offsets: offsets.words,
    outputs: outputs.words,
    lr: lr.floats,
  };
}

/** Calls the kernel of the batch on these arrays. */
export function runSteps(
  kernels: Kernels,
  { kind, dim, numNegatives, numTuples, ...batch }: Steps,
  arrays: Arrays,
): number {
  const { inputWeight, outputWeight, inputs, offsets, outputs, lr } = arrays;
  const tables = [inputWeight, outputWeight, numEmbeddings, dim] as const;
  return kind === "stepSkipGram"
    ? kernels.stepSkipGram(...tables, inputs, outputs, numTuples, numNegatives, lr)
    : kernels.stepCbow(...tables, inputs, batch.inputs.length, offsets, outputs, numTuples, numNegatives, lr);
}

/** The tuples [from, end) of a batch, as a batch of its own. */
export function slice(steps: Steps, from: number, end: number): Steps {
  const { numNegatives, offsets, inputs, outputs, lr } = steps;
  const first = offsets[from];
  return {
    ...steps,
    numTuples: end - from,
    offsets: offsets.slice(from, end + 1).map((offset) => offset - first),
    inputs: inputs.slice(first, offsets[end]),
    outputs: outputs.slice(from * (1 + numNegatives), end * (1 + numNegatives)),
    lr: lr.slice(from, end),
  };
}

/** One index of a batch spoiled, with the tuple it belongs to: first, middle and last of inputs and outputs, and of offsets. */
export function* spoiledSteps(steps: Steps): Generator<{ tuple: number; spoiled: Steps; what: string }> {
  const { kind, inputs, outputs, offsets, numTuples, numNegatives } = steps;
  const change = (list: Uint32Array, at: number, value: number) => list.map((old, i) => (i === at ? value : old));
  for (const value of [numEmbeddings, 0x80000000, noPadding]) {
    for (const at of new Set([0, inputs.length >>> 1, inputs.length - 1])) {
      const tuple = offsets.findLastIndex((offset) => offset <= at);
      yield { tuple, spoiled: { ...steps, inputs: change(inputs, at, value) }, what: `inputs[${at}] = ${value}` };
    }
    for (const at of new Set([0, outputs.length >>> 1, outputs.length - 1])) {
      const tuple = Math.floor(at / (1 + numNegatives));
      yield { tuple, spoiled: { ...steps, outputs: change(outputs, at, value) }, what: `outputs[${at}] = ${value}` };
    }
  }
  if (kind === "stepSkipGram") return;
  const last = change(offsets, numTuples, inputs.length + 1);
  yield { tuple: numTuples - 1, spoiled: { ...steps, offsets: last }, what: "the last offset behind the inputs" };
  const middle = numTuples >>> 1;
  const back = change(offsets, middle, offsets[middle + 1] + 1);
  yield { tuple: middle, spoiled: { ...steps, offsets: back }, what: "an offset above the next" };
}
