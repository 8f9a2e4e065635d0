import { bagMax, bagMean, bagSum, maxRows, noPadding } from "../backend/backend.js";
import { bagKernels } from "../backend/families/bags.js";
import { kernelsFor } from "../backend/select.js";
import { checkApart, checkBoolean, checkLength, checkOptions, checkWhole, checkWord } from "../check.js";
import { rangeError } from "../errors.js";
import type { CheckedTensor, FloatTensor } from "../floatTensor.js";
import { outOfRange } from "../indices.js";
import { inspect } from "../inspect.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import { bagCounts, scalesOf } from "./bagScales.js";
import { type BagInput, type Bags, toBags } from "./bags.js";
import { type PretrainedTable, readTable } from "./pretrained.js";
import {
  beginningOptions,
  checkRows,
  checkTableOptions,
  makeTable,
  renorm,
  type TableOptions,
  tableAsync,
  tableOptions,
} from "./table.js";

/** What an {@link EmbeddingBag} makes of the rows of a bag. */
export type BagMode = "sum" | "mean" | "max";

const modes = { sum: bagSum, mean: bagMean, max: bagMax };

/** Options of {@link EmbeddingBag}. */
export interface EmbeddingBagOptions extends TableOptions {
  /** What is made of the rows of a bag. Default: "mean". */
  mode?: BagMode | undefined;
  /** Whether `offsets` end with where the last bag ends; indices behind it are in no bag. Default: false. */
  includeLastOffset?: boolean | undefined;
  /**
   * The row that starts as zeros, never gets a gradient and counts as not there, in means and maxima too; negative counts from the end.
   * Default: null, none.
   */
  paddingIdx?: number | null | undefined;
  /** Whether a row's gradient is divided by how often the row occurs in the bags of the call; not with "max". Default: false. */
  scaleGradByFreq?: boolean | undefined;
}

/** Options of {@link EmbeddingBag.fromPretrained}. */
export interface PretrainedBagOptions extends Omit<EmbeddingBagOptions, "init" | "generator">, PretrainedTable {}

/** What {@link EmbeddingBag.backward} gives beside the gradient of the table. */
export interface BagGradients {
  /** The gradient of the input's `perSampleWeights`, one float per index in reading order, where there were any. */
  gradPerSampleWeights?: Float32Array;
}

const bagOptions = ["mode", "includeLastOffset", ...tableOptions];

/**
 * A table whose rows are looked up in bags: of each bag comes one row, the sum, mean or maximum of its rows, which are never laid out one
 * by one. `torch.nn.EmbeddingBag`, in PyTorch's order of sums.
 *
 * The values start as PyTorch's do, bit for bit. A layer keeps no state between calls: `backward` takes the same bags again.
 *
 * @example
 * import { EmbeddingBag } from "nn-embedding";
 * using words = EmbeddingBag.fromPretrained(Float32Array.of(1, 2, 3, 4, 5, 6), { embeddingDim: 2 });
 * words.forward([[0, 1, 2], [2], []]); // => Float32Array [3, 4, 5, 6, 0, 0]
 */
export class EmbeddingBag {
  /** What is made of the rows of a bag. */
  readonly mode: BagMode;
  /** Whether `offsets` end with where the last bag ends. */
  readonly includeLastOffset: boolean;
  /** The padding row, counted from the start, or null. */
  readonly paddingIdx: number | null;
  /** What a row's norm may be, or null for any. */
  readonly maxNorm: number | null;
  /** Which norm maxNorm means. */
  readonly normType: number;
  /** Whether a row's gradient is divided by how often the row occurs. */
  readonly scaleGradByFreq: boolean;
  /** Whether `backward` makes sparse gradients. */
  readonly sparse: boolean;
  /** The table, (numEmbeddings, embeddingDim), and its gradient. */
  readonly weight: Parameter;

  /**
   * @param numEmbeddings Rows of the table, 1 to 2^31 - 1.
   * @param embeddingDim Floats per row, at least 1.
   * @throws as {@link Embedding}'s constructor; RangeError [ERR_OUT_OF_RANGE] for scaleGradByFreq with mode "max", as PyTorch.
   */
  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingBagOptions);
  /** @internal */
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagOptions, table: CheckedTensor);
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagOptions = {}, table?: CheckedTensor) {
    checkOptions(options, [...bagOptions, ...beginningOptions, "backend"]);
    checkWhole("numEmbeddings", numEmbeddings, 1, maxRows);
    checkWhole("embeddingDim", embeddingDim, 1);
    const { mode = "mean", includeLastOffset = false, backend } = options;
    checkWord("mode", mode, Object.keys(modes) as BagMode[]);
    checkBoolean("includeLastOffset", includeLastOffset);
    const checked = checkTableOptions(options, numEmbeddings);
    if (checked.scaleGradByFreq && mode === "max") {
      throw rangeError("ERR_OUT_OF_RANGE", 'scaleGradByFreq is true, expected false with mode "max"');
    }
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
    this.paddingIdx = checked.paddingIdx;
    this.maxNorm = checked.maxNorm;
    this.normType = checked.normType;
    this.scaleGradByFreq = checked.scaleGradByFreq;
    this.sparse = checked.sparse;
    this.weight = makeTable([numEmbeddings, embeddingDim], backend, checked, table);
  }

  /** Rows of the table. */
  get numEmbeddings(): number {
    return this.weight.shape[0];
  }

  /** Floats per row. */
  get embeddingDim(): number {
    return this.weight.shape[1];
  }

  /** What an optimizer may be given: the table alone. */
  parameters(): Parameter[] {
    return [this.weight];
  }

  /**
   * A layer with a copy of a table trained elsewhere, left out of training unless `freeze` is false:
   * `torch.nn.EmbeddingBag.from_pretrained`. No row is cleared.
   *
   * @param table rows x embeddingDim floats, row by row; or a tensor of a checkpoint, of dtype F32, F16, BF16 or F64, whose shape tells
   * embeddingDim.
   * @throws as the constructor, RangeError [ERR_INVALID_LENGTH] when the table is not whole rows, [ERR_OUT_OF_RANGE] for another dtype, or
   * an embeddingDim that is not the tensor's.
   * @example
   * import { EmbeddingBag } from "nn-embedding";
   * using loaded = EmbeddingBag.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2, mode: "sum" });
   * loaded.forward([[1, 1, 0]]); // => Float32Array [7, 10]
   */
  static fromPretrained(table: Float32Array, options: PretrainedBagOptions & { embeddingDim: number }): EmbeddingBag;
  static fromPretrained(table: FloatTensor, options?: PretrainedBagOptions): EmbeddingBag;
  static fromPretrained(table: Float32Array | FloatTensor, options: PretrainedBagOptions = {}): EmbeddingBag {
    checkOptions(options, ["embeddingDim", "freeze", ...bagOptions, "backend"]);
    const { embeddingDim, freeze = true, ...others } = options;
    checkBoolean("freeze", freeze);
    const { shape, values } = readTable("table", table, embeddingDim);
    const loaded = new EmbeddingBag(...shape, others, values);
    loaded.weight.requiresGrad = !freeze;
    return loaded;
  }

  /**
   * One row per bag: numBags x embeddingDim floats, zeros for a bag of nothing (or of nothing but padding).
   *
   * "sum" adds the rows in order, each first multiplied by its weight where there are `perSampleWeights`; "mean" divides that sum by the
   * number of rows; "max" takes the greatest of each column, and no weights. With `maxNorm` rows with a greater norm are scaled down
   * first, each once, in the table itself.
   *
   * @param input A list of bags of any lengths; or `{ indices, offsets }`, `{ indices, bagSize }`, both with or without
   * `perSampleWeights`; or `{ indices: bags, perSampleWeights }`.
   * @param out Where to write the rows instead of into new memory; it is returned. Exactly numBags x embeddingDim floats.
   * @throws RangeError [ERR_INDEX_OUT_OF_RANGE], [ERR_OUT_OF_RANGE] (offsets that do not ascend from 0), [ERR_INVALID_LENGTH]; TypeError
   * [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]. Nothing is written then.
   * @example
   * import { EmbeddingBag } from "nn-embedding";
   * using words = EmbeddingBag.fromPretrained(Float32Array.of(1, 2, 3, 4, 5, 6), { embeddingDim: 2, mode: "sum" });
   * words.forward({ indices: [0, 1, 2], offsets: [0, 2] }); // => Float32Array [4, 6, 5, 6]
   * words.forward({ indices: [0, 1, 2, 2], bagSize: 2 }); // => Float32Array [4, 6, 10, 12]
   * words.forward({ indices: [[0, 1], [2]], perSampleWeights: [[2, 1], [-1]] }); // => Float32Array [5, 8, -5, -6]
   */
  forward(input: BagInput, out?: Float32Array): Float32Array {
    const { numEmbeddings, embeddingDim, paddingIdx, weight, mode } = this;
    const { rows, told, offsets, numBags, sampleWeights } = this.#read(input); // first, for plain arrays may have getters that do anything
    const { data } = weight;
    if (out !== undefined) {
      checkLength("out", out, numBags * embeddingDim, "numBags x embeddingDim");
      checkApart("out", out, "weight", data);
      checkApart("out", out, "indices", rows);
      checkApart("out", out, "perSampleWeights", sampleWeights);
    }
    const result = out ?? newFloats(numBags * embeddingDim);
    renorm(this, told, rows);
    const kernels = kernelsFor(weight.backend, bagKernels, (rows.length + numBags) * embeddingDim);
    const done = kernels.gatherBags(
      data,
      numEmbeddings,
      embeddingDim,
      rows,
      rows.length,
      offsets,
      numBags,
      modes[mode],
      paddingIdx ?? noPadding,
      sampleWeights,
      result,
    );
    if (done < rows.length) throw outOfRange("indices", told, done, numEmbeddings);
    return result;
  }

  /**
   * As `forward`, off the event loop where the backend has threads for it (native); elsewhere it is done before the promise is returned. The
   * input may be changed right after the call. Until the promise settles the table cannot be disposed of or updated by an optimizer.
   *
   * @param input As `forward` takes it.
   * @returns A promise of the rows, the same bits; it rejects as `forward` throws.
   * @example
   * import { EmbeddingBag } from "nn-embedding";
   * using words = EmbeddingBag.fromPretrained(Float32Array.of(1, 2, 3, 4, 5, 6), { embeddingDim: 2, mode: "sum" });
   * await words.forwardAsync([[0, 1], [2]]); // => Float32Array [4, 6, 5, 6]
   */
  async forwardAsync(input: BagInput): Promise<Float32Array> {
    const { embeddingDim, paddingIdx, weight, mode } = this;
    const { rows: given, told, offsets, numBags, sampleWeights: givenWeights } = this.#read(input);
    const [rows, sampleWeights] = [new Uint32Array(given), new Float32Array(givenWeights)];
    checkRows("indices", told, rows, weight);
    const { data, numRows } = weight;
    const out = newFloats(numBags * embeddingDim);
    renorm(this, rows, rows);
    const padding = paddingIdx ?? noPadding;
    const bags = [rows, rows.length, offsets, numBags, modes[mode], padding, sampleWeights] as const;
    const floats = (rows.length + numBags) * embeddingDim;
    return tableAsync([weight], bagKernels, floats, ["gatherBags", [data, numRows, embeddingDim, ...bags, out]], out);
  }

  /**
   * Adds the gradient of these bags to `weight.grad`, bag after bag and in each in the order of its indices. "sum": the bag's gradient to
   * each of its rows, times the row's weight; "mean": that divided by the number of rows; "max": to the row that the column's maximum came
   * from, the first of equal ones. With `sparse` the gradient holds only the touched rows. Two calls give the same bits as one call with
   * both lists joined (but for scaleGradByFreq, which counts in each call). A frozen weight gets no gradient.
   *
   * @param input What `forward` was given.
   * @param gradOut numBags x embeddingDim floats: the gradient of the loss with respect to what `forward` returned.
   * @returns The gradient of `perSampleWeights` where the input has them, for "mean" too: 0 for padding and for indices in no bag.
   * @throws as `forward`, and Error [ERR_IN_USE] while a `lossAsync` adds to the gradient, which is then as it was.
   * @example
   * import { EmbeddingBag } from "nn-embedding";
   * using words = new EmbeddingBag(4, 2, { sparse: true });
   * words.backward([[3, 0], [3]], Float32Array.of(1, 2, 5, 5));
   * words.weight.grad?.rows; // => Uint32Array [0, 3]
   * words.weight.grad?.values; // => Float32Array [0.5, 1, 5.5, 6]
   */
  backward(input: BagInput, gradOut: Float32Array): BagGradients {
    const { numEmbeddings, embeddingDim, paddingIdx, weight, mode, sparse } = this;
    const bags = this.#read(input);
    weight.checkInUse();
    const { rows, told, offsets, numBags, isWeighted } = bags;
    checkLength("gradOut", gradOut, numBags * embeddingDim, "numBags x embeddingDim");
    const padding = paddingIdx ?? noPadding;
    const kernels = kernelsFor(weight.backend, bagKernels, (rows.length + numBags) * embeddingDim);
    const counts = mode === "mean" ? bagCounts(bags, padding) : null;
    const gradients = isWeighted ? { gradPerSampleWeights: this.#weightGradients(bags, counts, gradOut) } : {};

    const stableRows = weight.stable(rows);
    const stableGradOut = weight.stable(gradOut);
    const scales = weight.stable(scalesOf(bags, counts, this.scaleGradByFreq));
    const done = weight.addInto(stableRows, padding, sparse, (values, numRows, places, paddingPlace) =>
      mode === "max"
        ? kernels.scatterAddMaxBags(
            values,
            numRows,
            weight.data,
            numEmbeddings,
            embeddingDim,
            stableRows,
            places,
            places.length,
            offsets,
            numBags,
            padding,
            stableGradOut,
          )
        : kernels.scatterAddBags(
            values,
            numRows,
            embeddingDim,
            places,
            places.length,
            offsets,
            numBags,
            paddingPlace,
            scales,
            stableGradOut,
          ),
    );
    if (done < rows.length) throw outOfRange("indices", told, done, numEmbeddings);
    return gradients;
  }

  /**
   * Frees the table's memory. Using the layer afterwards throws TypeError [ERR_DISPOSED]; twice is harmless.
   *
   * @throws Error [ERR_IN_USE] while a call in flight reads it; nothing is changed then.
   */
  dispose(): void {
    this.weight.dispose();
  }

  /** @internal */
  [inspect](): string {
    return `EmbeddingBag(${this.weight.shape.join(", ")}, ${this.mode}, ${this.weight.implementation})`;
  }

  /** What `using` calls at the end of its block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #read(input: BagInput): Bags {
    const bags = toBags(input, this.numEmbeddings, this.includeLastOffset);
    if (!bags.isWeighted || this.mode !== "max") return bags;
    throw rangeError("ERR_OUT_OF_RANGE", 'input has perSampleWeights, expected none with mode "max"');
  }

  /** The gradient of the sample weights: dot products of gradOut and the rows, divided by `counts` (one per bag) for the mean. */
  #weightGradients(bags: Bags, counts: Uint32Array | null, gradOut: Float32Array): Float32Array {
    const { numEmbeddings, embeddingDim, paddingIdx, weight } = this;
    const { rows, told, offsets, numBags } = bags;
    const out = newFloats(rows.length);
    const kernels = kernelsFor(weight.backend, bagKernels, rows.length * embeddingDim);
    const done = kernels.dotBags(
      weight.data,
      numEmbeddings,
      embeddingDim,
      rows,
      rows.length,
      offsets,
      numBags,
      paddingIdx ?? noPadding,
      gradOut,
      out,
    );
    if (done < rows.length) throw outOfRange("indices", told, done, numEmbeddings);
    counts?.forEach((count, b) => {
      for (let i = offsets[b]; i < offsets[b + 1]; i++) out[i] /= count;
    });
    return out;
  }
}
