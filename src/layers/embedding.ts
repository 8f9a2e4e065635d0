import { longRow, maxRows, noPadding } from "../backend/backend.js";
import { rowKernels } from "../backend/families/rows.js";
import { kernelsFor } from "../backend/select.js";
import { checkApart, checkBoolean, checkLength, checkOptions, checkWhole } from "../check.js";
import { rangeError } from "../errors.js";
import type { CheckedTensor, FloatTensor } from "../floatTensor.js";
import { type Indices, outOfRange, toUint32, unshared } from "../indices.js";
import { inspect } from "../inspect.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import { type PretrainedTable, readTable } from "./pretrained.js";
import {
  beginningOptions,
  checkTableOptions,
  copyIndices,
  type FillRows,
  makeTable,
  renorm,
  type TableOptions,
  tableAsync,
  tableOptions,
} from "./table.js";
import { checkedFloats, lookUpTiny } from "./tinyLookup.js";
import { maskOf, type TrainableRows } from "./trainableRows.js";

/** The options that a table from anywhere takes. */
export const embeddingOptions: readonly string[] = [...tableOptions, "trainableRows"];

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends TableOptions {
  /**
   * The rows that training may update: a mask with one entry per row, true or 1 for those, or all from `start` up to but not including `end`.
   * No gradient, optimizer or maxNorm ever changes another row, whichever layers share the table. Default: null, all.
   */
  trainableRows?: TrainableRows | null | undefined;
}

/** Options of {@link Embedding.fromPretrained}. */
export interface PretrainedOptions extends Omit<EmbeddingOptions, "init" | "generator">, PretrainedTable {}

/**
 * A table of numEmbeddings rows of embeddingDim floats, looked up by index: `torch.nn.Embedding`.
 *
 * The values start as PyTorch's do, bit for bit: standard normal from the generator, row by row, then zeros in the padding row. With
 * `init: "zeros"` they are zeros, and nothing is drawn: for a table that is filled piece by piece.
 * A layer keeps no state between calls: `backward` takes the same indices again.
 *
 * @example
 * import { Embedding, manualSeed } from "nn-embedding";
 * manualSeed(123);
 * using tokens = new Embedding(6, 3);
 * Array.from(tokens.forward([2]), (x) => x.toFixed(4)); // => ["1.2753", "-0.2010", "-0.1606"]
 */
export class Embedding {
  /** The padding row, counted from the start, or null. */
  readonly paddingIdx: number | null;
  /** The greatest norm a row may have, or null for no limit. */
  readonly maxNorm: number | null;
  /** The p of the norm that maxNorm limits. */
  readonly normType: number;
  /** Whether `backward` divides a row's gradients by how often the row occurs in the call. */
  readonly scaleGradByFreq: boolean;
  /** Whether `backward` makes sparse gradients. */
  readonly sparse: boolean;
  /** The table, (numEmbeddings, embeddingDim), and its gradient. */
  readonly weight: Parameter;
  readonly #fillRows: FillRows;

  /**
   * @param numEmbeddings Rows of the table, 1 to 2^31 - 1.
   * @param embeddingDim Floats per row, at least 1.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE], [ERR_OUT_OF_MEMORY], [ERR_UNKNOWN_BACKEND] or
   * [ERR_BACKEND_UNSUPPORTED]
   */
  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingOptions);
  /** @internal With a copy of `start`, or with all rows, also those of a resize, as `start` fills them. */
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions, start: CheckedTensor | FillRows);
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    options: EmbeddingOptions = {},
    start?: CheckedTensor | FillRows,
  ) {
    checkOptions(options, [...embeddingOptions, ...beginningOptions, "backend"]);
    checkWhole("numEmbeddings", numEmbeddings, 1, maxRows);
    checkWhole("embeddingDim", embeddingDim, 1);
    const checked = checkTableOptions(options, numEmbeddings);
    const { trainableRows, backend } = options;
    const mask = trainableRows === undefined || trainableRows === null ? null : maskOf(trainableRows, numEmbeddings);
    this.paddingIdx = checked.paddingIdx;
    this.maxNorm = checked.maxNorm;
    this.normType = checked.normType;
    this.scaleGradByFreq = checked.scaleGradByFreq;
    this.sparse = checked.sparse;
    this.#fillRows = typeof start === "function" ? start : checked.fillRows;
    const { paddingIdx } = checked;
    const values = typeof start === "function" ? undefined : start;
    this.weight = makeTable([numEmbeddings, embeddingDim], backend, { paddingIdx, fillRows: this.#fillRows }, values);
    if (mask !== null) this.weight.fixRows(mask);
  }

  /** Rows of the table. */
  get numEmbeddings(): number {
    return this.weight.numRows;
  }

  /** Floats per row. */
  get embeddingDim(): number {
    return this.weight.numColumns;
  }

  /**
   * What an optimizer may be given: the table alone.
   *
   * @example
   * import { Embedding } from "nn-embedding";
   * import { SGD } from "nn-embedding/optim";
   * using tokens = new Embedding(6, 3);
   * const optimizer = new SGD(tokens.parameters(), { lr: 0.1 });
   */
  parameters(): Parameter[] {
    return [this.weight];
  }

  /**
   * A layer with a copy of a table trained elsewhere, left out of training unless `freeze` is false:
   * `torch.nn.Embedding.from_pretrained`. No row is cleared.
   *
   * @param table rows x embeddingDim floats, row by row; or a tensor of a checkpoint, of dtype F32, F16, BF16 or F64, whose shape tells
   * embeddingDim.
   * @throws as the constructor, RangeError [ERR_INVALID_LENGTH] when the table is not whole rows, [ERR_OUT_OF_RANGE] for another dtype, or
   * an embeddingDim that is not the tensor's.
   * @example
   * import { Embedding } from "nn-embedding";
   * using loaded = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4, 5, 6), { embeddingDim: 2 });
   * loaded.forward([2, 0]); // => Float32Array [5, 6, 1, 2]
   * const halves = { dtype: "F16", shape: [2, 2], data: Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400) }; // as decodeSafetensors gives it
   * using widened = Embedding.fromPretrained(halves);
   * widened.forward([1]); // => Float32Array [3, 4]
   */
  static fromPretrained(table: Float32Array, options: PretrainedOptions & { embeddingDim: number }): Embedding;
  static fromPretrained(table: FloatTensor, options?: PretrainedOptions): Embedding;
  static fromPretrained(table: Float32Array | FloatTensor, options: PretrainedOptions = {}): Embedding {
    checkOptions(options, ["embeddingDim", "freeze", ...embeddingOptions, "backend"]);
    const { embeddingDim, freeze = true, ...others } = options;
    checkBoolean("freeze", freeze);
    const { shape, values } = readTable("table", table, embeddingDim);
    const loaded = new Embedding(...shape, others, values);
    loaded.weight.requiresGrad = !freeze;
    return loaded;
  }

  /**
   * The rows of these indices, in reading order: numIndices x embeddingDim floats. With `maxNorm` rows with a greater norm are
   * scaled down first, each once, in the table itself.
   *
   * @param indices Integers in [0, numEmbeddings), nested to any depth or in a typed array.
   * @param out Where to write them instead of into new memory; it is returned. Exactly numIndices x embeddingDim floats, outside the
   * table (from 64 floats on that is checked).
   * @throws RangeError [ERR_INDEX_OUT_OF_RANGE], [ERR_INVALID_LENGTH]; TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]; Error
   * [ERR_IN_USE] when a row is to be scaled down while an asynchronous call reads the table. Nothing is written then.
   * @example
   * import { Embedding } from "nn-embedding";
   * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4, 5, 6), { embeddingDim: 2 });
   * table.forward([[0, 1], [1, 2]]); // => Float32Array [1, 2, 3, 4, 3, 4, 5, 6]
   */
  forward(indices: Indices, out?: Float32Array): Float32Array {
    const { weight } = this;
    if (this.maxNorm === null) {
      const tiny = lookUpTiny(weight, indices, out);
      if (tiny !== null) return tiny;
    }
    const embeddingDim = weight.numColumns;
    let rows = toUint32("indices", indices, weight.numRows); // first, for a plain array may have getters that do anything
    const { data, numRows: numEmbeddings } = weight;
    const numFloats = rows.length * embeddingDim;
    if (out !== undefined) checkLength("out", out, numFloats, "numIndices x embeddingDim");
    if (numFloats >= checkedFloats) {
      if (out !== undefined) {
        checkApart("out", out, "weight", data);
        if (!Array.isArray(indices)) checkApart("out", out, "indices", rows);
      }
      if (!Array.isArray(indices)) rows = unshared(rows);
    }
    const result = out ?? newFloats(numFloats);
    renorm(this, indices, rows);
    const kernels = kernelsFor(weight.backend, rowKernels, rows.length * Math.min(embeddingDim, longRow));
    const done = kernels.gather(data, numEmbeddings, embeddingDim, rows, rows.length, result);
    if (done < rows.length) throw outOfRange("indices", indices, done, numEmbeddings);
    return result;
  }

  /**
   * As `forward`, off the event loop where the backend has threads for it (native); elsewhere it is done before the promise is returned. The
   * indices may be changed right after the call. Until the promise settles the table cannot be disposed of, resized or updated by an
   * optimizer.
   *
   * @param indices As `forward` takes them.
   * @returns A promise of the rows, the same bits; it rejects as `forward` throws.
   * @example
   * import { Embedding } from "nn-embedding";
   * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2 });
   * await table.forwardAsync([1, 0]); // => Float32Array [3, 4, 1, 2]
   */
  async forwardAsync(indices: Indices): Promise<Float32Array> {
    const { weight } = this;
    const rows = copyIndices("indices", indices, weight);
    const { data, numRows, numColumns } = weight;
    const out = newFloats(rows.length * numColumns);
    renorm(this, rows, rows);
    return tableAsync(
      [weight],
      rowKernels,
      out.length,
      ["gather", [data, numRows, numColumns, rows, rows.length, out]],
      out,
    );
  }

  /**
   * Adds the gradient of these lookups to `weight.grad`: weight.grad[indices[i], :] += gradOut[i, :], i ascending, the padding row
   * left out; the order, and so the bits, of `torch.embedding_dense_backward`. With `sparse` the gradient holds only the touched
   * rows. Two calls give the same bits as one call with both lists joined. A frozen weight gets no gradient, nor do rows that
   * `trainableRows` leaves out.
   *
   * With `scaleGradByFreq` gradOut[i, :] is divided by how often indices[i] occurs in this call, as in PyTorch, bit for bit; with `sparse`
   * too, which PyTorch refuses.
   *
   * @param indices What `forward` was given.
   * @param gradOut numIndices x embeddingDim floats: the gradient of the loss with respect to what `forward` returned.
   * @throws as `forward`, and Error [ERR_IN_USE] while a `lossAsync` adds to the gradient, which is then as it was.
   * @example
   * import { Embedding } from "nn-embedding";
   * using table = new Embedding(3, 2, { sparse: true });
   * table.backward([2, 0, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
   * table.weight.grad?.rows; // => Uint32Array [0, 2]
   * table.weight.grad?.values; // => Float32Array [3, 4, 6, 8]
   */
  backward(indices: Indices, gradOut: Float32Array): void {
    const rows = unshared(toUint32("indices", indices, this.numEmbeddings));
    this.weight.checkInUse();
    checkLength("gradOut", gradOut, rows.length * this.embeddingDim, "numIndices x embeddingDim");
    this.addGradient(indices, rows, gradOut);
  }

  /**
   * Changes the number of rows. Rows that fit are kept, bit for bit, with their optimizer state; behind them come
   * new ones, drawn from the layer's generator: standard normal, in one fill of the new rows alone, as a table of so many rows begins.
   * (With `init: "zeros"` they are zeros, of sinusoidal positions the sines that follow.)
   * The gradient is cleared; layers that share the table see its new size; new rows are trainable.
   *
   * @param numEmbeddings Rows of the table, 1 to 2^31 - 1, more than paddingIdx.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED], RangeError [ERR_OUT_OF_RANGE], [ERR_OUT_OF_MEMORY], Error
   * [ERR_IN_USE] while a call in flight reads the table; nothing is changed then.
   * @example
   * import { Embedding } from "nn-embedding";
   * using tokens = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2 });
   * tokens.resize(3);
   * tokens.weight.shape; // => [3, 2]
   * tokens.forward([0, 1]); // => Float32Array [1, 2, 3, 4]
   */
  resize(numEmbeddings: number): void {
    checkWhole("numEmbeddings", numEmbeddings, 1, maxRows);
    const { weight, paddingIdx } = this;
    if (paddingIdx !== null && numEmbeddings <= paddingIdx) {
      throw rangeError(
        "ERR_OUT_OF_RANGE",
        `numEmbeddings is ${numEmbeddings}, expected more than ${paddingIdx} = paddingIdx`,
      );
    }
    const before = weight.shape[0];
    weight.resize(numEmbeddings);
    if (numEmbeddings > before) this.#fillRows(weight.data.subarray(before * this.embeddingDim), before);
  }

  /** @internal `backward` of indices that are read and checked: `rows`. Throws for one that is out of range. */
  addGradient(indices: Indices, rows: Uint32Array, gradOut: Float32Array): void {
    const { weight, paddingIdx, sparse, scaleGradByFreq } = this;
    const done = weight.addRows(rows, paddingIdx ?? noPadding, gradOut, sparse, scaleGradByFreq);
    if (done < rows.length) throw outOfRange("indices", indices, done, weight.shape[0]);
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
    return `Embedding(${this.weight.shape.join(", ")}, ${this.weight.implementation})`;
  }

  /** What `using` calls at the end of its block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
