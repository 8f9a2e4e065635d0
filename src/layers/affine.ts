import type { MatmulKernels } from "../backend/backend.js";
import type { Call } from "../backend/calls.js";
import { matmulKernels } from "../backend/families/matmul.js";
import { kernelsFor } from "../backend/select.js";
import { checkApart, checkAttached, checkFloats, checkLength, checkMultiple } from "../check.js";
import { InFlight } from "../inFlight.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import { later, type Work } from "../work.js";

/** What a layer calls its arrays and sizes, to be told of in its refusals. */
export interface AffineNames {
  /** The input, n rows. */
  readonly x: string;
  /** The gradient with respect to the result. */
  readonly gradOut: string;
  /** Columns of the weight: floats per row of x. */
  readonly numIn: string;
  /** Rows of the weight: floats per row of the result. */
  readonly numOut: string;
}

/** x weight^T (+ bias): n rows, written to `out` where there is one. Throws unless everything fits and is in use. */
export function affine(
  x: Float32Array,
  weight: Parameter,
  bias: Parameter | null,
  out: Float32Array | undefined,
  names: AffineNames,
): Float32Array {
  const [numOut, numIn] = weight.shape;
  const { data } = weight;
  const biasData = bias?.data;
  const n = countRows(names.x, x, numIn, names.numIn);
  if (out !== undefined) {
    checkLength("out", out, n * numOut, `n x ${names.numOut}`);
    checkApart("out", out, names.x, x);
    checkApart("out", out, "weight", data);
    if (biasData) checkApart("out", out, "bias", biasData);
  }
  const result = out ?? newFloats(n * numOut);
  const kernels = kernelsFor(weight.backend, matmulKernels, n * data.length);
  kernels.matmulNT(x, data, n, numOut, numIn, false, result);
  if (biasData) addBias(result, biasData);
  return result;
}

/** The same off the event loop, of a copy of x. */
export async function affineAsync(
  x: Float32Array,
  weight: Parameter,
  bias: Parameter | null,
  names: AffineNames,
): Promise<Float32Array> {
  const [numOut, numIn] = weight.shape;
  const { data } = weight;
  const biasData = bias?.data;
  const n = countRows(names.x, x, numIn, names.numIn);
  const result = newFloats(n * numOut);
  const calls: Call<MatmulKernels>[] = [["matmulNT", [new Float32Array(x), data, n, numOut, numIn, false, result]]];
  // 1 times the bias is what affine adds too: no dot product is -0, the only number to which +0 and -0 add differently.
  if (biasData) calls.push(["matmulNN", [new Float32Array(n).fill(1), biasData, n, numOut, 1, true, result]]);
  const work = function* (): Work<Float32Array, MatmulKernels> {
    yield calls;
    return result;
  };
  return InFlight.during(usedBy(weight, bias), () => later(weight.backend, matmulKernels, n * data.length, work()));
}

/** What a call in flight reads. */
export function usedBy(weight: Parameter, bias: Parameter | null): InFlight[] {
  return bias === null ? [weight.inFlight] : [weight.inFlight, bias.inFlight];
}

/**
 * Adds to weight.grad (gradOut^T x) and bias.grad (the sums of gradOut's columns); returns the gradient with respect to x. Throws unless
 * everything fits and is in use, and then the gradients are as they were.
 */
export function affineBackward(
  x: Float32Array,
  weight: Parameter,
  bias: Parameter | null,
  gradOut: Float32Array,
  names: AffineNames,
): Float32Array {
  const [numOut, numIn] = weight.shape;
  weight.checkInUse();
  bias?.checkInUse();
  const n = countRows(names.x, x, numIn, names.numIn);
  checkLength(names.gradOut, gradOut, n * numOut, `n x ${names.numOut}`);
  weight.checkGradIdle();
  bias?.checkGradIdle();
  const gradX = newFloats(n * numIn); // before anything is added, for there may be no room
  const stableX = stableFor(x, weight, bias);
  const stableGradOut = stableFor(gradOut, weight, bias);
  const kernels = kernelsFor(weight.backend, matmulKernels, n * numOut * numIn);
  weight.addDense((values, accumulate) => {
    kernels.matmulTN(stableGradOut, stableX, numOut, numIn, n, accumulate, values);
  });
  bias?.addDense((values, accumulate) => addBiasGradient(values, accumulate, stableGradOut));
  kernels.matmulNN(stableGradOut, weight.data, n, numIn, numOut, false, gradX);
  return gradX;
}

/** How many rows of rowLength floats an array holds: whole ones only. */
export function countRows(name: string, array: Float32Array, rowLength: number, what: string): number {
  checkFloats(name, array);
  checkAttached(name, array);
  checkMultiple(name, array.length, rowLength, what);
  return array.length / rowLength;
}

/** The array, or a copy of it if making either gradient would change it. */
export function stableFor(array: Float32Array, weight: Parameter, bias: Parameter | null): Float32Array {
  const stable = weight.stable(array);
  return bias?.stable(stable) ?? stable;
}

/** rows[i, :] += bias for every row. */
function addBias(rows: Float32Array, bias: Float32Array): void {
  const numColumns = bias.length;
  for (let start = 0; start < rows.length; start += numColumns) {
    for (let j = 0; j < numColumns; j++) rows[start + j] += bias[j];
  }
}

/** gradBias = (or += with `accumulate`) the sums of gradOut's columns, each a sequence of f32 adds in ascending rows. */
function addBiasGradient(gradBias: Float32Array, accumulate: boolean, gradOut: Float32Array): void {
  const numColumns = gradBias.length;
  if (!accumulate) gradBias.fill(0);
  for (let start = 0; start < gradOut.length; start += numColumns) {
    for (let j = 0; j < numColumns; j++) gradBias[j] += gradOut[start + j];
  }
}
