import { selectBackend } from "../backend/select.js";
import { checkBoolean, checkGenerator, checkOptions, checkWhole } from "../check.js";
import type { FloatTensor } from "../floatTensor.js";
import { inspect } from "../inspect.js";
import { Parameter } from "../parameter.js";
import { defaultGenerator, type Generator } from "../random/generator.js";
import { fillUniform, linearBiasBound, linearWeightBound } from "../random/uniform.js";
import { affine, affineAsync, affineBackward } from "./affine.js";
import { parameterOf, readBiases, readMatrix } from "./pretrained.js";

const names = { x: "x", gradOut: "gradOut", numIn: "inFeatures", numOut: "outFeatures" };

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Whether a learned number is added to each output. Default: true. */
  bias?: boolean | undefined;
  /** Where the initial values come from. Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
  /** See {@link Embedding}. */
  backend?: string | undefined;
}

/** Options of {@link Linear.fromPretrained}. */
export interface PretrainedLinearOptions {
  /** Whether weight and bias are left out of training. Default: true. */
  freeze?: boolean | undefined;
  /** See {@link Embedding}. */
  backend?: string | undefined;
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
  /** (outFeatures, inFeatures). */
  readonly weight: Parameter;
  /** (outFeatures, 1), or null. */
  readonly bias: Parameter | null;

  /**
   * @param inFeatures Floats per row of x, at least 1.
   * @param outFeatures Floats per row of the result, at least 1.
   * @throws as {@link Embedding}'s constructor.
   */
  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions);
  /** @internal */
  constructor(weight: Parameter, bias: Parameter | null);
  constructor(inFeatures: number | Parameter, outFeatures: number | Parameter | null, options: LinearOptions = {}) {
    if (inFeatures instanceof Parameter) {
      this.weight = inFeatures;
      this.bias = outFeatures as Parameter | null;
      return;
    }
    checkOptions(options, ["bias", "generator", "backend"]);
    checkWhole("inFeatures", inFeatures, 1);
    checkWhole("outFeatures", outFeatures, 1);
    const { bias = true, generator = defaultGenerator } = options;
    checkBoolean("bias", bias);
    checkGenerator(generator);
    const backend = selectBackend(options.backend);
    this.weight = new Parameter("weight", [outFeatures, inFeatures], backend);
    this.bias = bias ? new Parameter("bias", [outFeatures, 1], backend) : null;
    const weightBound = linearWeightBound(inFeatures);
    fillUniform(this.weight.data, generator, -weightBound, weightBound);
    const biasBound = linearBiasBound(inFeatures);
    if (this.bias !== null) fillUniform(this.bias.data, generator, -biasBound, biasBound);
  }

  /**
   * What an optimizer may be given: the weight, and the bias if there is one.
   *
   * @example
   * import { Linear } from "nn-embedding";
   * using linear = new Linear(4, 5, { bias: false });
   * linear.parameters().length; // => 1
   */
  parameters(): Parameter[] {
    return this.bias === null ? [this.weight] : [this.weight, this.bias];
  }

  /**
   * A layer with a copy of a weight and a bias trained elsewhere, left out of training unless `freeze` is false.
   *
   * @param weight (outFeatures, inFeatures), as `torch.nn.Linear` has it: a tensor of a checkpoint, of dtype F32, F16, BF16 or F64, or
   * anything of that form.
   * @param bias outFeatures floats, or null for none.
   * @throws as the constructor, and RangeError [ERR_INVALID_LENGTH] when the shapes are not such, [ERR_OUT_OF_RANGE] for another dtype.
   * @example
   * import { Linear } from "nn-embedding";
   * import { decodeSafetensors, encodeSafetensors } from "nn-embedding/checkpoint";
   * const weight = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
   * const bias = { shape: [2], data: Float32Array.of(10, 20) };
   * const { tensors } = decodeSafetensors(encodeSafetensors({ "fc.weight": weight, "fc.bias": bias }));
   * using linear = Linear.fromPretrained(tensors.get("fc.weight")!, tensors.get("fc.bias")!);
   * linear.forward(Float32Array.of(1, 0, 1)); // => Float32Array [14, 30]
   */
  static fromPretrained(
    weight: FloatTensor,
    bias: FloatTensor | null = null,
    options: PretrainedLinearOptions = {},
  ): Linear {
    checkOptions(options, ["freeze", "backend"]);
    const { freeze = true, backend: backendName } = options;
    checkBoolean("freeze", freeze);
    const read = readMatrix("weight", weight, "a tensor");
    const [outFeatures, inFeatures] = read.shape;
    const readBias = bias === null ? null : readBiases("bias", bias, outFeatures, "outFeatures");
    const backend = selectBackend(backendName);
    // A bias that lies in memory which moves when the weight is made is copied first.
    const stableBias = readBias && { ...readBias, data: readBias.data.slice() };
    const linear = new Linear(
      parameterOf("weight", [outFeatures, inFeatures], backend, read),
      stableBias && parameterOf("bias", [outFeatures, 1], backend, stableBias),
    );
    for (const each of [linear.weight, linear.bias]) if (each !== null) each.requiresGrad = !freeze;
    return linear;
  }

  /** Floats per row of x. */
  get inFeatures(): number {
    return this.weight.shape[1];
  }

  /** Floats per row of the result. */
  get outFeatures(): number {
    return this.weight.shape[0];
  }

  /**
   * @param x n rows of inFeatures floats.
   * @param out Where to write instead of into new memory: exactly n x outFeatures floats.
   * @returns n rows of outFeatures floats.
   * @throws RangeError [ERR_INVALID_LENGTH]; TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]
   */
  forward(x: Float32Array, out?: Float32Array): Float32Array {
    return affine(x, this.weight, this.bias, out, names);
  }

  /**
   * As `forward`, off the event loop where the backend has threads for it (native); elsewhere it is done before the promise is returned. x
   * may be changed right after the call. Until the promise settles the parameters cannot be disposed of or updated by an optimizer.
   *
   * @param x As `forward` takes it.
   * @returns A promise of n rows of outFeatures floats, the same bits; it rejects as `forward` throws.
   * @example
   * import { Linear } from "nn-embedding";
   * using linear = new Linear(2, 1, { bias: false });
   * linear.weight.data.set([1, 2]);
   * await linear.forwardAsync(Float32Array.of(3, 4)); // => Float32Array [11]
   */
  forwardAsync(x: Float32Array): Promise<Float32Array> {
    return affineAsync(x, this.weight, this.bias, names);
  }

  /**
   * Adds to weight.grad (gradOut^T x) and bias.grad (the sums of gradOut's columns).
   *
   * @param x What `forward` was given.
   * @param gradOut n rows of outFeatures floats.
   * @returns The gradient with respect to x: n rows of inFeatures floats.
   * @throws as `forward`, and Error [ERR_IN_USE] while a `lossAsync` adds to one of the gradients, which are then as they were.
   */
  backward(x: Float32Array, gradOut: Float32Array): Float32Array {
    return affineBackward(x, this.weight, this.bias, gradOut, names);
  }

  /**
   * Frees the memory. Using the layer afterwards throws TypeError [ERR_DISPOSED]; twice is harmless.
   *
   * @throws Error [ERR_IN_USE] while a call is in flight; nothing is changed then.
   */
  dispose(): void {
    this.bias?.inFlight.check();
    this.weight.dispose();
    this.bias?.dispose();
  }

  /** @internal */
  [inspect](): string {
    return `Linear(${this.inFeatures}, ${this.outFeatures}, ${this.weight.implementation})`;
  }

  /** What `using` calls at the end of its block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
