import { kernelsFor } from "../backend/select.js";
import {
  checkApart,
  checkBoolean,
  checkInteger,
  checkLength,
  checkOptions,
  checkSize,
  checkWord,
  newFloats,
} from "../check.js";
import { rangeError, show, typeError } from "../errors.js";
import { checkIndex, checkIndices, type Indices } from "../indices.js";
import { Parameter } from "../parameter.js";
import { addBias, addBiasGradient } from "./bias.js";
import { crossEntropyRow } from "./crossEntropy.js";
import { countRows } from "./linear.js";
import { topKRow } from "./topK.js";

/** What an {@link Unembedding} may be told when it is made. */
export interface UnembeddingOptions {
  /** Whether a learned number, at first 0, is added to each logit. Default: false. */
  bias?: boolean;
}

/** How {@link Unembedding.loss} is taken. */
export interface LossOptions {
  /** Rows with this target do not count. Default: -100. */
  ignoreIndex?: number;
  /** "mean" over the rows that count (NaN when none does), or their "sum". Default: "mean". */
  reduction?: "mean" | "sum";
  /** Whether gradients are made; without them the call only measures. Default: true. */
  gradients?: boolean;
}

/** The greatest logits of each row, greatest first. */
export interface TopK {
  /** n x k rows of the table. */
  readonly indices: Uint32Array;
  /** n x k logits. */
  readonly values: Float32Array;
}

/**
 * The table read the other way: hidden states back onto its rows, logits = hidden weight^T (+ bias). With an {@link Embedding}'s weight
 * this is weight tying: one table, both gradients add up in it.
 *
 * @example
 * import { Embedding, Unembedding } from "nn-embedding";
 * using tokens = Embedding.fromPretrained(Float32Array.of(1, 0, 0, 1, 1, 1), { embeddingDim: 2, freeze: false });
 * using head = new Unembedding(tokens.weight);
 * head.forward(Float32Array.of(2, 3)); // => Float32Array [2, 3, 5]
 * head.topK(Float32Array.of(2, 3), 2).indices; // => Uint32Array [2, 1]
 */
export class Unembedding {
  /** Floats a hidden state. */
  readonly embeddingDim: number;
  /** The table, (numEmbeddings, embeddingDim): the very Parameter that was given. */
  readonly weight: Parameter;
  /** (numEmbeddings, 1), or null. */
  readonly bias: Parameter | null;

  /**
   * @param weight The table to project onto, such as `tokens.weight`. It stays its maker's to dispose of.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]
   */
  constructor(weight: Parameter, options: UnembeddingOptions = {}) {
    checkOptions(options, ["bias"]);
    const { bias = false } = options;
    checkBoolean("bias", bias);
    if (!Array.isArray((weight as Parameter | null)?.shape)) {
      throw typeError("ERR_INVALID_ARG_TYPE", `weight is ${show(weight)}, expected a Parameter, such as tokens.weight`);
    }
    weight.data; // throws when disposed of
    this.embeddingDim = weight.shape[1];
    this.weight = weight;
    this.bias = bias ? new Parameter("bias", [weight.shape[0], 1], weight.backend) : null;
    if (this.bias !== null) weight.follow(this.bias); // a resized table has as many biases, the new ones 0
  }

  /** Rows of the table: logits a hidden state. */
  get numEmbeddings(): number {
    return this.weight.shape[0];
  }

  /**
   * The logits: how well each row of the table fits each hidden state.
   *
   * @param hidden n rows of embeddingDim floats.
   * @param out Where to write instead of into new memory: exactly n x numEmbeddings floats.
   * @returns n rows of numEmbeddings floats. A row's bits do not depend on the rows beside it.
   * @throws RangeError [ERR_INVALID_LENGTH]; TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]
   */
  forward(hidden: Float32Array, out?: Float32Array): Float32Array {
    const { numEmbeddings, embeddingDim, weight, bias } = this;
    const { data } = weight;
    const biasData = bias?.data;
    const n = countRows("hidden", hidden, embeddingDim, "embeddingDim");
    if (out !== undefined) {
      checkLength("out", out, n * numEmbeddings, "n x numEmbeddings");
      checkApart("out", out, "hidden", hidden);
      checkApart("out", out, "weight", data);
    }
    const logits = out ?? newFloats(n * numEmbeddings);
    const kernels = kernelsFor(weight.backend, n * data.length);
    kernels.matmulNT(hidden, data, n, numEmbeddings, embeddingDim, false, logits);
    if (biasData) addBias(logits, biasData);
    return logits;
  }

  /**
   * Adds to weight.grad (gradLogits^T hidden) and bias.grad (the sums of gradLogits' columns).
   *
   * @param hidden What `forward` was given.
   * @param gradLogits n rows of numEmbeddings floats.
   * @returns The gradient with respect to hidden: n rows of embeddingDim floats.
   * @throws as `forward`; the gradients are then as they were.
   */
  backward(hidden: Float32Array, gradLogits: Float32Array): Float32Array {
    const { numEmbeddings, embeddingDim, weight, bias } = this;
    weight.data; // throws when disposed of
    bias?.data; // as well
    const n = countRows("hidden", hidden, embeddingDim, "embeddingDim");
    checkLength("gradLogits", gradLogits, n * numEmbeddings, "n x numEmbeddings");
    const settledHidden = weight.settle(hidden);
    const settledGradLogits = weight.settle(gradLogits);
    const kernels = kernelsFor(weight.backend, n * weight.data.length);
    weight.addDense((values, accumulate) => {
      kernels.matmulTN(settledGradLogits, settledHidden, numEmbeddings, embeddingDim, n, accumulate, values);
    });
    bias?.addDense((values, accumulate) => addBiasGradient(values, accumulate, settledGradLogits));
    const gradHidden = new Float32Array(n * embeddingDim);
    kernels.matmulNN(settledGradLogits, weight.data, n, embeddingDim, numEmbeddings, false, gradHidden);
    return gradHidden;
  }

  /**
   * The cross-entropy of each hidden state's logits against its target, `torch.nn.functional.cross_entropy`, and its gradients: added to
   * weight.grad and bias.grad, and returned for hidden.
   *
   * @param hidden n rows of embeddingDim floats.
   * @param targets n rows of the table, or ignoreIndex.
   * @returns The loss, and the gradient with respect to hidden (n rows of embeddingDim floats), null with `gradients: false`.
   * @throws as `forward`, and RangeError [ERR_INDEX_OUT_OF_RANGE]; the gradients are then as they were.
   * @example
   * import { Embedding, Unembedding } from "nn-embedding";
   * using tokens = Embedding.fromPretrained(Float32Array.of(1, 0, 0, 1), { embeddingDim: 2, freeze: false });
   * using head = new Unembedding(tokens.weight);
   * const { loss, gradHidden } = head.loss(Float32Array.of(0, 0), [1]);
   * loss.toFixed(6); // => "0.693147"
   * gradHidden; // => Float32Array [0.5, -0.5]
   */
  loss(
    hidden: Float32Array,
    targets: Indices,
    options: LossOptions = {},
  ): { loss: number; gradHidden: Float32Array | null } {
    checkOptions(options, ["ignoreIndex", "reduction", "gradients"]);
    const { ignoreIndex = -100, reduction = "mean", gradients = true } = options;
    checkInteger("ignoreIndex", ignoreIndex);
    checkWord("reduction", reduction, ["mean", "sum"]);
    checkBoolean("gradients", gradients);
    const { numEmbeddings, embeddingDim } = this;
    const n = countRows("hidden", hidden, embeddingDim, "embeddingDim");
    const classes = readTargets(targets, n, numEmbeddings, ignoreIndex);
    let counted = 0;
    for (const target of classes) if (target !== ignored) counted++;

    const logits = this.forward(hidden);
    const scale = Math.fround(reduction === "mean" ? 1 / counted : 1);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const start = i * numEmbeddings;
      if (classes[i] === ignored) logits.fill(0, start, start + numEmbeddings);
      else sum += crossEntropyRow(logits, start, numEmbeddings, classes[i], scale);
    }
    const loss = reduction === "mean" ? sum / counted : sum;
    return { loss, gradHidden: gradients ? this.backward(hidden, logits) : null };
  }

  /**
   * The k rows of the table that fit each hidden state best: `torch.topk` of the logits. Of equals the lower row comes first.
   *
   * @param hidden n rows of embeddingDim floats.
   * @param k 1 to numEmbeddings.
   * @throws as `forward`, and RangeError [ERR_OUT_OF_RANGE]
   */
  topK(hidden: Float32Array, k: number): TopK {
    const { numEmbeddings, embeddingDim } = this;
    checkSize("k", k, numEmbeddings);
    const n = countRows("hidden", hidden, embeddingDim, "embeddingDim");
    const logits = this.forward(hidden);
    const indices = new Uint32Array(n * k);
    const values = new Float32Array(n * k);
    for (let i = 0; i < n; i++) topKRow(logits, i * numEmbeddings, numEmbeddings, k, values, indices, i * k);
    return { indices, values };
  }

  /** Gives the bias' memory back; the weight is its maker's. */
  dispose(): void {
    this.bias?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The target of a row that does not count: no table has this row. */
const ignored = 0xffffffff;

function readTargets(targets: Indices, n: number, numEmbeddings: number, ignoreIndex: number): Uint32Array {
  checkIndices("targets", targets);
  const flat = Array.isArray(targets) ? targets.flat(Number.POSITIVE_INFINITY) : targets;
  if (flat.length !== n) {
    throw rangeError("ERR_INVALID_LENGTH", `targets.length is ${flat.length}, expected ${n} = rows of hidden`);
  }
  return Uint32Array.from(flat as ArrayLike<number | bigint>, (target, i) =>
    (typeof target === "bigint" ? Number(target) : target) === ignoreIndex
      ? ignored
      : checkIndex("targets", i, target, numEmbeddings),
  );
}
