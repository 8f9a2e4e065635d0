import { kernelsFor, selectBackend } from "../backend/select.js";
import {
  checkApart,
  checkAttached,
  checkBoolean,
  checkFloats,
  checkGenerator,
  checkLength,
  checkOptions,
  checkSize,
  newFloats,
} from "../check.js";
import { rangeError } from "../errors.js";
import { Parameter } from "../parameter.js";
import { defaultGenerator, type Generator } from "../random/generator.js";
import { fillUniform, linearBiasBound, linearWeightBound } from "../random/uniform.js";
import { addBias, addBiasGradient } from "./bias.js";

/** What a {@link Linear} may be told when it is made. */
export interface LinearOptions {
  /** Whether a learned number is added to each output. Default: true. */
  bias?: boolean;
  /** Where the initial values come from. Default: the generator that `manualSeed` seeds. */
  generator?: Generator;
  /** See {@link Embedding}. */
  backend?: string;
}

/**
 * x -> x weight^T + bias: `torch.nn.Linear`, with PyTorch's initial values, bit for bit. On one-hot rows it is an embedding: its weight is
 * the table, transposed.
 *
 * @example
 * import { Linear, manualSeed } from "nn-embedding";
 * manualSeed(123);
 * using linear = new Linear(4, 5, { bias: false });
 * linear.weight.shape; // => [5, 4]
 * Array.from(linear.forward(Float32Array.of(1, 0, 0, 0)), (x) => x.toFixed(4)); // => ["-0.2039", "-0.4260", "-0.3159", "-0.4244", "-0.3814"]
 */
export class Linear {
  /** Floats a row of x. */
  readonly inFeatures: number;
  /** Floats a row of the result. */
  readonly outFeatures: number;
  /** (outFeatures, inFeatures). */
  readonly weight: Parameter;
  /** (outFeatures, 1), or null. */
  readonly bias: Parameter | null;

  /**
   * @param inFeatures Floats a row of x, at least 1.
   * @param outFeatures Floats a row of the result, at least 1.
   * @throws as {@link Embedding}'s constructor.
   */
  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    checkOptions(options, ["bias", "generator", "backend"]);
    checkSize("inFeatures", inFeatures);
    checkSize("outFeatures", outFeatures);
    const { bias = true, generator = defaultGenerator } = options;
    checkBoolean("bias", bias);
    checkGenerator(generator);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    const backend = selectBackend(options.backend);
    this.weight = new Parameter("weight", [outFeatures, inFeatures], backend);
    this.bias = bias ? new Parameter("bias", [outFeatures, 1], backend) : null;
    const weightBound = linearWeightBound(inFeatures);
    fillUniform(this.weight.data, generator, -weightBound, weightBound);
    const biasBound = linearBiasBound(inFeatures);
    if (this.bias !== null) fillUniform(this.bias.data, generator, -biasBound, biasBound);
  }

  /**
   * @param x n rows of inFeatures floats.
   * @param out Where to write instead of into new memory: exactly n x outFeatures floats.
   * @returns n rows of outFeatures floats.
   * @throws RangeError [ERR_INVALID_LENGTH]; TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]
   */
  forward(x: Float32Array, out?: Float32Array): Float32Array {
    const { inFeatures, outFeatures, weight, bias } = this;
    const { data } = weight;
    const biasData = bias?.data;
    const n = countRows("x", x, inFeatures, "inFeatures");
    if (out !== undefined) {
      checkLength("out", out, n * outFeatures, "n x outFeatures");
      checkApart("out", out, "x", x);
      checkApart("out", out, "weight", data);
      if (biasData) checkApart("out", out, "bias", biasData);
    }
    const result = out ?? newFloats(n * outFeatures);
    const kernels = kernelsFor(weight.backend, n * data.length);
    kernels.matmulNT(x, data, n, outFeatures, inFeatures, false, result);
    if (biasData) addBias(result, biasData);
    return result;
  }

  /**
   * Adds to weight.grad (gradOut^T x) and bias.grad (the sums of gradOut's columns).
   *
   * @param x What `forward` was given.
   * @param gradOut n rows of outFeatures floats.
   * @returns The gradient with respect to x: n rows of inFeatures floats.
   * @throws as `forward`; the gradients are then as they were.
   */
  backward(x: Float32Array, gradOut: Float32Array): Float32Array {
    const { inFeatures, outFeatures, weight, bias } = this;
    weight.checkInUse();
    bias?.checkInUse();
    const n = countRows("x", x, inFeatures, "inFeatures");
    checkLength("gradOut", gradOut, n * outFeatures, "n x outFeatures");
    const stableX = weight.stable(x);
    const stableGradOut = weight.stable(gradOut);
    const kernels = kernelsFor(weight.backend, n * weight.data.length);
    weight.addDense((values, accumulate) => {
      kernels.matmulTN(stableGradOut, stableX, outFeatures, inFeatures, n, accumulate, values);
    });
    bias?.addDense((values, accumulate) => addBiasGradient(values, accumulate, stableGradOut));
    const gradX = new Float32Array(n * inFeatures);
    kernels.matmulNN(stableGradOut, weight.data, n, inFeatures, outFeatures, false, gradX);
    return gradX;
  }

  /** Gives the memory back. Using the layer afterwards throws TypeError [ERR_DISPOSED]; twice is harmless. */
  dispose(): void {
    this.weight.dispose();
    this.bias?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** How many rows of rowLength floats an array holds: whole ones only. */
export function countRows(name: string, array: Float32Array, rowLength: number, what: string): number {
  checkFloats(name, array);
  checkAttached(name, array);
  if (array.length % rowLength === 0) return array.length / rowLength;
  throw rangeError(
    "ERR_INVALID_LENGTH",
    `${name}.length is ${array.length}, expected a multiple of ${rowLength} = ${what}`,
  );
}
