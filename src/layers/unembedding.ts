import { lossKernels } from "../backend/families/loss.js";
import { kernelsFor } from "../backend/select.js";
import { checkBoolean, checkOptions, checkWhole } from "../check.js";
import { show, typeError } from "../errors.js";
import { type FloatTensor, isTensor } from "../floatTensor.js";
import type { Indices } from "../indices.js";
import { InFlight } from "../inFlight.js";
import { inspect } from "../inspect.js";
import { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import { later, now } from "../work.js";
import { affine, affineAsync, affineBackward, countRows, stableFor, usedBy } from "./affine.js";
import { crossEntropy, readCrossEntropy } from "./crossEntropy.js";
import type { Loss, LossOptions } from "./lossOptions.js";
import { parameterOf, readBiases } from "./pretrained.js";
import { checkSampledLossOptions, readCandidates, type SampledLossOptions, sampledRowLosses } from "./sampledLoss.js";
import { Scratches } from "./scratch.js";
import { chunkedTopK, type TopK } from "./topK.js";

const names = { x: "hidden", gradOut: "gradLogits", numIn: "embeddingDim", numOut: "numEmbeddings" };

/** Options of {@link Unembedding}. */
export interface UnembeddingOptions {
  /**
   * Whether a learned number, at first 0, is added to each logit; or what these numbers are at first: a tensor of a checkpoint, one number
   * for each row of the table, which is copied. Default: false.
   */
  bias?: boolean | FloatTensor | undefined;
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
  /** The table, (numEmbeddings, embeddingDim): the very Parameter that was given. */
  readonly weight: Parameter;
  /** (numEmbeddings, 1), or null. */
  readonly bias: Parameter | null;
  readonly #scratches: Scratches;
  readonly #inFlight = new InFlight("unembedding");

  /**
   * @param weight The table to project onto, such as `tokens.weight`. It stays its maker's to dispose of.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]
   */
  constructor(weight: Parameter, options: UnembeddingOptions = {}) {
    checkOptions(options, ["bias"]);
    const { bias = false } = options;
    if (typeof (weight as Parameter | null)?.checkInUse !== "function") {
      throw typeError("ERR_INVALID_ARG_TYPE", `weight is ${show(weight)}, expected a Parameter, such as tokens.weight`);
    }
    weight.checkInUse();
    const [numRows] = weight.shape;
    const biases = isTensor(bias) ? readBiases("bias", bias, numRows, "numEmbeddings") : null;
    if (biases === null) checkBoolean("bias", bias);
    this.weight = weight;
    if (biases !== null) this.bias = parameterOf("bias", [numRows, 1], weight.backend, biases);
    else this.bias = bias ? new Parameter("bias", [numRows, 1], weight.backend) : null;
    if (this.bias !== null) weight.follow(this.bias); // a resized table has as many biases, the new ones 0
    this.#scratches = new Scratches(weight.backend);
  }

  /** Rows of the table: logits per hidden state. */
  get numEmbeddings(): number {
    return this.weight.shape[0];
  }

  /** Floats per hidden state. */
  get embeddingDim(): number {
    return this.weight.shape[1];
  }

  /**
   * What an optimizer may be given: the table, and the bias if there is one. A table that is tied stands in another layer's list too; a Set
   * of both lists has each once.
   *
   * @example
   * import { Embedding, Unembedding } from "nn-embedding";
   * import { Adam } from "nn-embedding/optim";
   * using tokens = new Embedding(6, 3);
   * using head = new Unembedding(tokens.weight, { bias: true });
   * const optimizer = new Adam(new Set([...tokens.parameters(), ...head.parameters()]));
   * optimizer.groups[0].parameters.length; // => 2
   */
  parameters(): Parameter[] {
    return this.bias === null ? [this.weight] : [this.weight, this.bias];
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
    return affine(hidden, this.weight, this.bias, out, names);
  }

  /**
   * As `forward`, off the event loop where the backend has threads for it (native); elsewhere it is done before the promise is returned.
   * hidden may be changed right after the call. Until the promise settles weight and bias cannot be disposed of, resized or updated by an
   * optimizer.
   *
   * @param hidden As `forward` takes it.
   * @returns A promise of the logits, the same bits; it rejects as `forward` throws.
   * @example
   * import { Embedding, Unembedding } from "nn-embedding";
   * using tokens = Embedding.fromPretrained(Float32Array.of(1, 0, 0, 1, 1, 1), { embeddingDim: 2 });
   * using head = new Unembedding(tokens.weight);
   * await head.forwardAsync(Float32Array.of(2, 3)); // => Float32Array [2, 3, 5]
   */
  forwardAsync(hidden: Float32Array): Promise<Float32Array> {
    return affineAsync(hidden, this.weight, this.bias, names);
  }

  /**
   * Adds to weight.grad (gradLogits^T hidden) and bias.grad (the sums of gradLogits' columns).
   *
   * @param hidden What `forward` was given.
   * @param gradLogits n rows of numEmbeddings floats.
   * @returns The gradient with respect to hidden: n rows of embeddingDim floats.
   * @throws as `forward`, and Error [ERR_IN_USE] while a `lossAsync` adds to one of the gradients, which are then as they were.
   */
  backward(hidden: Float32Array, gradLogits: Float32Array): Float32Array {
    return affineBackward(hidden, this.weight, this.bias, gradLogits, names);
  }

  /**
   * The cross-entropy of each hidden state's logits against its target, `torch.nn.functional.cross_entropy`, and its gradients: added to
   * weight.grad and bias.grad, and returned for hidden. The n x numEmbeddings logits are never held: memory is a few MiB whatever the
   * sizes, beside the gradients. Rows that are ignored are not computed at all.
   *
   * @param hidden n rows of embeddingDim floats.
   * @param targets n rows of the table, or ignoreIndex.
   * @returns The loss (with reduction "none" n floats, 0 for ignored rows), and the gradient with respect to hidden (n rows of embeddingDim
   * floats), null with `gradients: false`. A row's loss does not depend on the rows beside it.
   * @throws as `forward`, RangeError [ERR_INDEX_OUT_OF_RANGE], [ERR_OUT_OF_RANGE], and Error [ERR_IN_USE] while a `lossAsync` adds to one of
   * the gradients, which are then as they were.
   * @example
   * import { Embedding, Unembedding } from "nn-embedding";
   * using tokens = Embedding.fromPretrained(Float32Array.of(1, 0, 0, 1), { embeddingDim: 2, freeze: false });
   * using head = new Unembedding(tokens.weight);
   * const { loss, gradHidden } = head.loss(Float32Array.of(0, 0), [1]);
   * loss.toFixed(6); // => "0.693147"
   * gradHidden; // => Float32Array [0.5, -0.5]
   * head.loss(Float32Array.of(0, 0, 9, 0), [1, -100], { reduction: "none" }).loss; // => Float32Array [0.6931471824645996, 0]
   */
  loss(hidden: Float32Array, targets: Indices, options: LossOptions & { reduction: "none" }): Loss<Float32Array>;
  loss(
    hidden: Float32Array,
    targets: Indices,
    options?: LossOptions & { reduction?: "mean" | "sum" | undefined },
  ): Loss<number>;
  loss(hidden: Float32Array, targets: Indices, options: LossOptions): Loss;
  loss(hidden: Float32Array, targets: Indices, options: LossOptions = {}): Loss {
    const { weight, bias } = this;
    const asked = readCrossEntropy(weight, bias, hidden, targets, options, (rows) => stableFor(rows, weight, bias));
    const kernels = kernelsFor(
      weight.backend,
      lossKernels,
      asked.targets.length * this.numEmbeddings * this.embeddingDim,
    );
    return now(kernels, crossEntropy(weight, bias, this.#scratches, asked));
  }

  /**
   * As `loss`, off the event loop where the backend has threads for it (native); elsewhere it is done before the promise is returned. hidden,
   * targets and options may be changed right after the call. Until the promise settles weight and bias cannot be disposed of, resized or
   * updated by an optimizer; nor, when it makes gradients, can anything else add to theirs or clear them.
   *
   * @param hidden As `loss` takes it.
   * @param targets As `loss` takes them.
   * @returns A promise of what `loss` returns, the same bits; it rejects as `loss` throws, and with Error [ERR_IN_USE].
   * @example
   * import { Embedding, Unembedding } from "nn-embedding";
   * using tokens = Embedding.fromPretrained(Float32Array.of(1, 0, 0, 1), { embeddingDim: 2, freeze: false });
   * using head = new Unembedding(tokens.weight);
   * (await head.lossAsync(Float32Array.of(0, 0), [1])).gradHidden; // => Float32Array [0.5, -0.5]
   */
  lossAsync(
    hidden: Float32Array,
    targets: Indices,
    options: LossOptions & { reduction: "none" },
  ): Promise<Loss<Float32Array>>;
  lossAsync(
    hidden: Float32Array,
    targets: Indices,
    options?: LossOptions & { reduction?: "mean" | "sum" | undefined },
  ): Promise<Loss<number>>;
  lossAsync(hidden: Float32Array, targets: Indices, options: LossOptions): Promise<Loss>;
  async lossAsync(hidden: Float32Array, targets: Indices, options: LossOptions = {}): Promise<Loss> {
    const { weight, bias } = this;
    const asked = readCrossEntropy(weight, bias, hidden, targets, options, (rows) => new Float32Array(rows));
    const written = asked.gradHidden === null ? [] : [weight, bias].filter((each) => each?.requiresGrad);
    const used = [this.#inFlight, ...usedBy(weight, bias), ...written.map((each) => each!.gradInFlight)];
    const floats = asked.targets.length * this.numEmbeddings * this.embeddingDim;
    return InFlight.during(used, () =>
      later(weight.backend, lossKernels, floats, crossEntropy(weight, bias, this.#scratches, asked)),
    );
  }

  /**
   * The loss of telling each target from a few rows drawn at random, `-log sigmoid(h w_target) - sum of log sigmoid(-h w_negative)`:
   * negative sampling (Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality"), in PyTorch the
   * sum of `binary_cross_entropy_with_logits` over a row's candidates. Nothing but the rows that are named is read or gets a gradient,
   * whatever the size of the table; a row that is named twice counts twice. Memory is that of n x (1 + k) rows.
   *
   * @param hidden n rows of embeddingDim floats.
   * @param targets n rows of the table.
   * @param negatives n x k rows of the table, k for each hidden state: see {@link AliasSampler}.
   * @returns The loss (with reduction "none" n floats), and the gradient with respect to hidden, null with `gradients: false`.
   * @throws as `loss`; the gradients are then as they were.
   * @example
   * import { AliasSampler, Embedding, Generator, Unembedding } from "nn-embedding";
   * using tokens = new Embedding(4, 2);
   * using head = new Unembedding(tokens.weight);
   * const negatives = new AliasSampler([8, 4, 2, 1]).sample(new Generator(1), new Uint32Array(3));
   * const { loss } = head.sampledLoss(Float32Array.of(0, 0), [1], negatives, { sparse: true });
   * loss.toFixed(4); // => "2.7726", 4 log 2
   * head.weight.grad?.kind; // => "sparse"
   */
  sampledLoss(
    hidden: Float32Array,
    targets: Indices,
    negatives: Indices,
    options: SampledLossOptions & { reduction: "none" },
  ): Loss<Float32Array>;
  sampledLoss(
    hidden: Float32Array,
    targets: Indices,
    negatives: Indices,
    options?: SampledLossOptions & { reduction?: "mean" | "sum" | undefined },
  ): Loss<number>;
  sampledLoss(hidden: Float32Array, targets: Indices, negatives: Indices, options: SampledLossOptions): Loss;
  sampledLoss(hidden: Float32Array, targets: Indices, negatives: Indices, options: SampledLossOptions = {}): Loss {
    const { numEmbeddings, embeddingDim, weight, bias } = this;
    const { reduction, sparse, gradients } = checkSampledLossOptions(options);
    const n = countRows("hidden", hidden, embeddingDim, "embeddingDim");
    const candidates = readCandidates(targets, negatives, n, numEmbeddings);
    weight.checkInUse();
    bias?.checkInUse();
    const divisor = reduction === "mean" ? n : 1;
    const gradHidden = gradients ? newFloats(hidden.length) : null;
    const losses = sampledRowLosses(weight, bias, hidden, candidates, 1 / divisor, sparse, gradHidden);
    if (reduction === "none") return { loss: Float32Array.from(losses), gradHidden };
    return { loss: losses.reduce((sum, each) => sum + each, 0) / divisor, gradHidden };
  }

  /**
   * The k rows of the table that fit each hidden state best: `torch.topk` of the logits, which are never held as a whole. Of equals the lower
   * row comes first; NaN counts as greater than everything.
   *
   * @param hidden n rows of embeddingDim floats.
   * @param k 1 to numEmbeddings.
   * @throws as `forward`, and RangeError [ERR_OUT_OF_RANGE]
   */
  topK(hidden: Float32Array, k: number): TopK {
    const { weight, bias } = this;
    const kernels = kernelsFor(weight.backend, lossKernels, this.#checkTopK(hidden, k));
    return now(kernels, chunkedTopK(weight, bias, this.#scratches, stableFor(hidden, weight, bias), k));
  }

  /**
   * As `topK`, off the event loop where the backend has threads for it (native); elsewhere it is done before the promise is returned. hidden
   * may be changed right after the call. Until the promise settles weight and bias cannot be disposed of, resized or updated by an
   * optimizer.
   *
   * @param hidden As `topK` takes it.
   * @param k As `topK` takes it.
   * @returns A promise of what `topK` returns, the same bits; it rejects as `topK` throws.
   * @example
   * import { Embedding, Unembedding } from "nn-embedding";
   * using tokens = Embedding.fromPretrained(Float32Array.of(1, 0, 0, 1, 1, 1), { embeddingDim: 2 });
   * using head = new Unembedding(tokens.weight);
   * (await head.topKAsync(Float32Array.of(2, 3), 2)).values; // => Float32Array [5, 3]
   */
  async topKAsync(hidden: Float32Array, k: number): Promise<TopK> {
    const { weight, bias } = this;
    const floats = this.#checkTopK(hidden, k);
    const work = chunkedTopK(weight, bias, this.#scratches, new Float32Array(hidden), k);
    return InFlight.during([this.#inFlight, ...usedBy(weight, bias)], () =>
      later(weight.backend, lossKernels, floats, work),
    );
  }

  /** Throws unless everything fits and is in use; else how many multiplications it takes. */
  #checkTopK(hidden: Float32Array, k: number): number {
    const { numEmbeddings, embeddingDim, weight, bias } = this;
    weight.checkInUse();
    bias?.checkInUse();
    checkWhole("k", k, 1, numEmbeddings);
    return countRows("hidden", hidden, embeddingDim, "embeddingDim") * numEmbeddings * embeddingDim;
  }

  /**
   * Frees the memory of the bias and the scratch memory; the weight belongs to whoever made it. A head without a bias may be used
   * again and then allocates its scratch memory anew.
   *
   * @throws Error [ERR_IN_USE] while a call is in flight; nothing is changed then.
   */
  dispose(): void {
    this.#inFlight.check();
    this.bias?.dispose();
    this.#scratches.dispose();
  }

  /** @internal */
  [inspect](): string {
    return `Unembedding(${this.weight.shape.join(", ")}, ${this.weight.implementation})`;
  }

  /** What `using` calls at the end of its block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
