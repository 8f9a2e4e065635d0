import { maxRows, noPadding } from "../backend/backend.js";
import { kernelsFor, selectBackend } from "../backend/select.js";
import {
  checkApart,
  checkBoolean,
  checkFloats,
  checkGenerator,
  checkInteger,
  checkLength,
  checkOptions,
  checkSize,
  newFloats,
} from "../check.js";
import { rangeError } from "../errors.js";
import { type Indices, outOfRange, toUint32, unshared } from "../indices.js";
import { Parameter } from "../parameter.js";
import { defaultGenerator, type Generator } from "../random/generator.js";
import { fillNormal } from "../random/normal.js";

/**
 * Lookups of fewer floats never leave JavaScript: it is no more than any backend's callCost. They skip what protects native kernels, for
 * asking an array for its buffer costs as much as they do, and plain JavaScript copies row after row on every backend.
 */
const tinyLookup = 64;

/** What an {@link Embedding} may be told when it is made. */
export interface EmbeddingOptions {
  /** The row that starts as zeros and never gets a gradient; negative counts from the end. Default: none. */
  paddingIdx?: number;
  /** Whether `backward` makes a {@link SparseGradient} of the touched rows instead of a dense one. Default: false. */
  sparse?: boolean;
  /** Where the initial values come from. Default: the generator that `manualSeed` seeds. */
  generator?: Generator;
  /** "native", "native:avx2", "wasm", "wasm:scalar", "js", …: see {@link backends}. Default: the best that works here. */
  backend?: string;
}

/** What {@link Embedding.fromPretrained} may be told beside the table. */
export interface PretrainedOptions extends Omit<EmbeddingOptions, "generator"> {
  /** Floats a row. */
  embeddingDim: number;
  /** Whether the table is left out of training. Default: true. */
  freeze?: boolean;
}

/**
 * A table of numEmbeddings rows of embeddingDim floats, looked up by index: `torch.nn.Embedding`.
 *
 * The values start as PyTorch's do, bit for bit: standard normal from the generator, row by row, then zeros in the padding row.
 * A layer remembers nothing between calls; `backward` is told the same indices again.
 *
 * @example
 * import { Embedding, manualSeed } from "nn-embedding";
 * manualSeed(123);
 * using tokens = new Embedding(6, 3);
 * Array.from(tokens.forward([2]), (x) => x.toFixed(4)); // => ["1.2753", "-0.2010", "-0.1606"]
 */
export class Embedding {
  /** Rows of the table. */
  readonly numEmbeddings: number;
  /** Floats a row. */
  readonly embeddingDim: number;
  /** The padding row, counted from the start, or null. */
  readonly paddingIdx: number | null;
  /** Whether `backward` makes sparse gradients. */
  readonly sparse: boolean;
  /** The table, (numEmbeddings, embeddingDim), and its gradient. */
  readonly weight: Parameter;

  /**
   * @param numEmbeddings Rows of the table, 1 to 2^31 - 1.
   * @param embeddingDim Floats a row, at least 1.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE], [ERR_OUT_OF_MEMORY], [ERR_UNKNOWN_BACKEND] or
   * [ERR_BACKEND_UNSUPPORTED]
   */
  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingOptions);
  /** @internal */
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions, table: Float32Array);
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}, table?: Float32Array) {
    checkOptions(options, ["paddingIdx", "sparse", "generator", "backend"]);
    checkSize("numEmbeddings", numEmbeddings, maxRows);
    checkSize("embeddingDim", embeddingDim);
    const { paddingIdx, sparse = false, generator = defaultGenerator } = options;
    checkBoolean("sparse", sparse);
    checkGenerator(generator);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    if (paddingIdx === undefined) this.paddingIdx = null;
    else {
      checkInteger("paddingIdx", paddingIdx, -numEmbeddings, numEmbeddings);
      this.paddingIdx = paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx + 0; // + 0 makes -0 a plain 0
    }
    this.sparse = sparse;

    const backend = selectBackend(options.backend);
    const values = table && backend.moves(table) ? table.slice() : table;
    this.weight = new Parameter("weight", [numEmbeddings, embeddingDim], backend);
    const { data } = this.weight;
    if (values !== undefined) {
      data.set(values);
      return;
    }
    fillNormal(data, generator);
    // As in PyTorch the padding row is drawn and then cleared, so that the rows behind it do not depend on it.
    if (this.paddingIdx !== null) data.fill(0, this.paddingIdx * embeddingDim, (this.paddingIdx + 1) * embeddingDim);
  }

  /**
   * A layer with a copy of a table trained elsewhere, left out of training unless `freeze` is false:
   * `torch.nn.Embedding.from_pretrained`. No row is cleared.
   *
   * @param table rows x embeddingDim floats, row by row.
   * @throws as the constructor, and RangeError [ERR_INVALID_LENGTH] when the table is not whole rows.
   * @example
   * import { Embedding } from "nn-embedding";
   * using loaded = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4, 5, 6), { embeddingDim: 2 });
   * loaded.forward([2, 0]); // => Float32Array [5, 6, 1, 2]
   */
  static fromPretrained(table: Float32Array, options: PretrainedOptions): Embedding {
    checkOptions(options, ["embeddingDim", "freeze", "paddingIdx", "sparse", "backend"]);
    const { embeddingDim, freeze = true, ...others } = options;
    checkFloats("table", table);
    checkSize("embeddingDim", embeddingDim);
    checkBoolean("freeze", freeze);
    if (table.length === 0 || table.length % embeddingDim !== 0) {
      throw rangeError(
        "ERR_INVALID_LENGTH",
        `table.length is ${table.length}, expected a positive multiple of ${embeddingDim} = embeddingDim`,
      );
    }
    const loaded = new Embedding(table.length / embeddingDim, embeddingDim, others, table);
    loaded.weight.requiresGrad = !freeze;
    return loaded;
  }

  /**
   * The rows of these indices, in reading order: numIndices x embeddingDim floats.
   *
   * @param indices Integers in [0, numEmbeddings), nested to any depth or in a typed array.
   * @param out Where to write them instead of into new memory; it is returned. Exactly numIndices x embeddingDim floats, outside the
   * table (from 64 floats on that is checked).
   * @throws RangeError [ERR_INDEX_OUT_OF_RANGE], [ERR_INVALID_LENGTH]; TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]. Nothing is
   * written then.
   * @example
   * import { Embedding } from "nn-embedding";
   * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4, 5, 6), { embeddingDim: 2 });
   * table.forward([[0, 1], [1, 2]]); // => Float32Array [1, 2, 3, 4, 3, 4, 5, 6]
   */
  forward(indices: Indices, out?: Float32Array): Float32Array {
    const { numEmbeddings, embeddingDim, weight } = this;
    let rows = toUint32("indices", indices, numEmbeddings); // first, for a plain array may have getters that do anything
    const { data } = weight;
    const numFloats = rows.length * embeddingDim;
    if (out !== undefined) checkLength("out", out, numFloats, "numIndices x embeddingDim");
    if (numFloats >= tinyLookup) {
      if (out !== undefined) checkApart("out", out, "weight", data);
      rows = unshared(rows);
    }
    const result = out ?? newFloats(numFloats);
    const kernels = kernelsFor(weight.backend, numFloats);
    const done = kernels.gather(data, numEmbeddings, embeddingDim, rows, rows.length, result);
    if (done < rows.length) throw outOfRange("indices", indices, done, numEmbeddings);
    return result;
  }

  /**
   * Adds the gradient of these lookups to `weight.grad`: weight.grad[indices[i], :] += gradOut[i, :], i ascending, the padding row
   * left out; the order, and so the bits, of `torch.embedding_dense_backward`. With `sparse` the gradient holds only the touched
   * rows. Two calls give the same bits as one call with both lists joined. A frozen weight gets no gradient.
   *
   * @param indices What `forward` was given.
   * @param gradOut numIndices x embeddingDim floats: the gradient of the loss with respect to what `forward` returned.
   * @throws as `forward`; the gradient is then as it was.
   * @example
   * import { Embedding } from "nn-embedding";
   * using table = new Embedding(3, 2, { sparse: true });
   * table.backward([2, 0, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
   * table.weight.grad.rows; // => Uint32Array [0, 2]
   * table.weight.grad.values; // => Float32Array [3, 4, 6, 8]
   */
  backward(indices: Indices, gradOut: Float32Array): void {
    const { numEmbeddings, embeddingDim, paddingIdx, sparse, weight } = this;
    const rows = unshared(toUint32("indices", indices, numEmbeddings));
    weight.data; // throws when disposed of
    checkLength("gradOut", gradOut, rows.length * embeddingDim, "numIndices x embeddingDim");
    const done = weight.addRows(rows, paddingIdx ?? noPadding, gradOut, sparse);
    if (done < rows.length) throw outOfRange("indices", indices, done, numEmbeddings);
  }

  /** Gives the table's memory back. Using the layer afterwards throws TypeError [ERR_DISPOSED]; twice is harmless. */
  dispose(): void {
    this.weight.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
