import { maxRows } from "../backend/backend.js";
import { rowKernels } from "../backend/families/rows.js";
import { kernelsFor } from "../backend/select.js";
import { checkApart, checkBoolean, checkLength, checkMultiple, checkOptions, checkWhole, checkWord } from "../check.js";
import { rangeError, show } from "../errors.js";
import type { FloatTensor } from "../floatTensor.js";
import { checkIndices, type Indices, outOfRange, toUint32, unshared } from "../indices.js";
import { inspect } from "../inspect.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import { Embedding, type EmbeddingOptions, embeddingOptions } from "./embedding.js";
import { type PretrainedTable, readTable } from "./pretrained.js";
import { type Sequences, sequenceLengthOf } from "./sequences.js";
import { fillSinusoidal } from "./sinusoidal.js";
import { beginningOptions, checkRows, renorm, tableAsync } from "./table.js";

/** Options of {@link TokenPositionEmbedding}: those of its token table, and the kind of positions. */
export interface TokenPositionEmbeddingOptions extends EmbeddingOptions {
  /**
   * "learned": a table like the tokens', drawn after theirs and trained. "sinusoidal": the sines and cosines of "Attention Is All You
   * Need", which are not trained. `position.resize` makes more of either. Default: "learned".
   */
  positions?: "learned" | "sinusoidal" | undefined;
}

/** Options of {@link TokenPositionEmbedding.fromPretrained}. */
export interface PretrainedTokenPositionOptions extends Omit<EmbeddingOptions, "init" | "generator">, PretrainedTable {}

/**
 * The input of a GPT: the row of each token plus the row of its position, wte[indices] + wpe[positions], in one pass.
 *
 * With learned positions the two tables are what `torch.nn.Embedding(numEmbeddings, embeddingDim)` and then
 * `torch.nn.Embedding(contextLength, embeddingDim)` begin with after the same seed, bit for bit, and so are the sums.
 *
 * @example
 * import { TokenPositionEmbedding } from "nn-embedding";
 * const tables = { token: Float32Array.of(1, 2, 3, 4), position: Float32Array.of(10, 20, 30, 40, 50, 60) };
 * using input = TokenPositionEmbedding.fromPretrained(tables, { embeddingDim: 2 });
 * input.forward([1, 0]); // => Float32Array [13, 24, 31, 42]
 * input.forward([[1, 0], [0, 0]]); // => Float32Array [13, 24, 31, 42, 11, 22, 31, 42], each sequence from position 0
 * input.forward([1], { start: 2 }); // => Float32Array [53, 64], the next token of a sequence of two
 */
export class TokenPositionEmbedding {
  /** A row for each token: GPT's wte. */
  readonly token: Embedding;
  /** A row for each position: GPT's wpe. */
  readonly position: Embedding;

  /**
   * @param numEmbeddings Tokens, 1 to 2^31 - 1.
   * @param contextLength Positions, 1 to 2^31 - 1: a sequence may not be longer.
   * @param embeddingDim Floats per row, at least 1.
   * @throws as {@link Embedding}'s constructor.
   */
  constructor(
    numEmbeddings: number,
    contextLength: number,
    embeddingDim: number,
    options?: TokenPositionEmbeddingOptions,
  );
  /** @internal */
  constructor(token: Embedding, position: Embedding);
  constructor(
    numEmbeddings: number | Embedding,
    contextLength: number | Embedding,
    embeddingDim?: number,
    options: TokenPositionEmbeddingOptions = {},
  ) {
    if (numEmbeddings instanceof Embedding && contextLength instanceof Embedding) {
      this.token = numEmbeddings;
      this.position = contextLength;
      return;
    }
    checkOptions(options, [...embeddingOptions, ...beginningOptions, "backend", "positions"]);
    const { positions = "learned", ...others } = options;
    const { init, generator, backend } = others;
    checkWord("positions", positions, ["learned", "sinusoidal"]);
    checkWhole("numEmbeddings", numEmbeddings, 1, maxRows);
    checkWhole("contextLength", contextLength, 1, maxRows);
    checkWhole("embeddingDim", embeddingDim, 1);
    this.token = new Embedding(numEmbeddings, embeddingDim, others);
    this.position =
      positions === "learned"
        ? new Embedding(contextLength, embeddingDim, { init, generator, backend })
        : sinusoidal(contextLength, embeddingDim, backend);
  }

  /** Rows of the token table. */
  get numEmbeddings(): number {
    return this.token.numEmbeddings;
  }

  /** Positions there are: how long a sequence may be. */
  get contextLength(): number {
    return this.position.numEmbeddings;
  }

  /** Floats per row. */
  get embeddingDim(): number {
    return this.token.embeddingDim;
  }

  /** What an optimizer may be given: both tables. Sinusoidal positions are frozen, and passed over. */
  parameters(): Parameter[] {
    return [this.token.weight, this.position.weight];
  }

  /**
   * A layer with copies of tables trained elsewhere, left out of training unless `freeze` is false.
   *
   * @param tables token: numEmbeddings x embeddingDim floats, such as GPT-2's wte.weight; position: contextLength x embeddingDim floats,
   * such as its wpe.weight. Or tensors of a checkpoint, of dtype F32, F16, BF16 or F64, whose shapes tell embeddingDim.
   * @throws as {@link Embedding.fromPretrained}
   * @example
   * import { TokenPositionEmbedding } from "nn-embedding";
   * const wte = { dtype: "BF16", shape: [2, 1], data: Uint16Array.of(0x3f80, 0x4000) }; // tensors.get("wte.weight"), 1 and 2
   * const wpe = { dtype: "F32", shape: [3, 1], data: Float32Array.of(10, 20, 30) };
   * using input = TokenPositionEmbedding.fromPretrained({ token: wte, position: wpe });
   * input.forward([0, 0, 1]); // => Float32Array [11, 21, 32]
   */
  static fromPretrained(
    tables: { readonly token: Float32Array; readonly position: Float32Array },
    options: PretrainedTokenPositionOptions & { embeddingDim: number },
  ): TokenPositionEmbedding;
  static fromPretrained(
    tables: { readonly token: FloatTensor; readonly position: FloatTensor },
    options?: PretrainedTokenPositionOptions,
  ): TokenPositionEmbedding;
  static fromPretrained(
    tables: { readonly token: Float32Array | FloatTensor; readonly position: Float32Array | FloatTensor },
    options: PretrainedTokenPositionOptions = {},
  ): TokenPositionEmbedding {
    checkOptions(tables, ["token", "position"], "tables");
    checkOptions(options, ["embeddingDim", "freeze", ...embeddingOptions, "backend"]);
    const { embeddingDim, freeze = true, ...others } = options;
    checkBoolean("freeze", freeze);
    const read = readTable("tables.token", tables.token, embeddingDim);
    const { shape, values } = readTable("tables.position", tables.position, embeddingDim ?? read.shape[1]);
    // Values that lie in memory which moves while the other layer is made are copied first.
    const stable = { ...values, data: values.data.slice() };
    const token = new Embedding(...read.shape, others, read.values);
    const position = new Embedding(...shape, { backend: others.backend }, stable);
    for (const { weight } of [token, position]) weight.requiresGrad = !freeze;
    return new TokenPositionEmbedding(token, position);
  }

  /**
   * The sums of token rows and position rows, in reading order: numIndices x embeddingDim floats. Index i of a sequence has the position
   * start + i.
   *
   * @param indices Whole sequences, one after the other: integers in [0, numEmbeddings), nested to any depth or in a typed array.
   * @param sequences How they are to be read: see {@link Sequences}.
   * @param out Where to write instead of into new memory; it is returned. Exactly numIndices x embeddingDim floats.
   * @throws as {@link Embedding.forward}, and RangeError [ERR_OUT_OF_RANGE] that names the position beyond the context length, or
   * [ERR_INVALID_LENGTH] when the indices are not whole sequences. Nothing is written then.
   */
  forward(indices: Indices, sequences: Sequences = {}, out?: Float32Array): Float32Array {
    const { token, position, embeddingDim } = this;
    const { rows, sequenceLength, start } = this.#read(indices, sequences); // first, for a plain array may have getters that do anything
    const { data: positionData } = position.weight;
    const { data } = token.weight;
    const numFloats = rows.length * embeddingDim;
    if (out !== undefined) {
      checkLength("out", out, numFloats, "numIndices x embeddingDim");
      checkApart("out", out, "token.weight", data);
      checkApart("out", out, "position.weight", positionData);
      checkApart("out", out, "indices", rows);
    }
    const result = out ?? newFloats(numFloats);
    renorm(token, indices, rows);
    const kernels = kernelsFor(token.weight.backend, rowKernels, numFloats);
    const done = kernels.gatherSum(
      data,
      token.numEmbeddings,
      embeddingDim,
      rows,
      rows.length,
      positionData,
      sequenceLength,
      start,
      result,
    );
    if (done < rows.length) throw outOfRange("indices", indices, done, token.numEmbeddings);
    return result;
  }

  /**
   * As `forward`, off the event loop where the backend has threads for it (native); elsewhere it is done before the promise is returned. The
   * indices may be changed right after the call. Until the promise settles the tables cannot be disposed of, resized or updated by an
   * optimizer.
   *
   * @param indices As `forward` takes them.
   * @param sequences As `forward` takes them.
   * @returns A promise of the sums, the same bits; it rejects as `forward` throws.
   * @example
   * import { TokenPositionEmbedding } from "nn-embedding";
   * using input = new TokenPositionEmbedding(6, 4, 3);
   * (await input.forwardAsync([[2, 3, 5], [1, 1, 4]])).length; // => 18
   */
  async forwardAsync(indices: Indices, sequences: Sequences = {}): Promise<Float32Array> {
    const { token, position, embeddingDim } = this;
    const { rows: given, sequenceLength, start } = this.#read(indices, sequences);
    const rows = new Uint32Array(given);
    const { data: positionData } = position.weight;
    checkRows("indices", indices, rows, token.weight);
    const { data, numRows } = token.weight;
    const out = newFloats(rows.length * embeddingDim);
    renorm(token, rows, rows);
    const sequence = [rows, rows.length, positionData, sequenceLength, start] as const;
    return tableAsync(
      [token.weight, position.weight],
      rowKernels,
      out.length,
      ["gatherSum", [data, numRows, embeddingDim, ...sequence, out]],
      out,
    );
  }

  /**
   * Adds the gradient of these sums to both tables, each as {@link Embedding.backward} does: token.weight.grad[indices[i], :] and
   * position.weight.grad[position of i, :] += gradOut[i, :], i ascending. A position's gradient is so summed over the batch, the first
   * sequence first: PyTorch's order. Sinusoidal positions get none.
   *
   * @param indices What `forward` was given.
   * @param sequences What `forward` was given.
   * @param gradOut numIndices x embeddingDim floats.
   * @throws as `forward`, and Error [ERR_IN_USE] while a `lossAsync` adds to one of the gradients, which are then as they were.
   * @example
   * import { TokenPositionEmbedding } from "nn-embedding";
   * using input = new TokenPositionEmbedding(3, 4, 1);
   * input.backward([[2, 0], [2, 1]], {}, Float32Array.of(1, 2, 3, 4));
   * input.token.weight.grad?.values; // => Float32Array [2, 4, 4]
   * input.position.weight.grad?.values; // => Float32Array [4, 6, 0, 0]
   */
  backward(indices: Indices, sequences: Sequences, gradOut: Float32Array): void {
    const { token, position, embeddingDim } = this;
    const { rows, sequenceLength, start } = this.#read(indices, sequences);
    for (const { weight } of [token, position]) weight.checkInUse();
    checkLength("gradOut", gradOut, rows.length * embeddingDim, "numIndices x embeddingDim");
    for (const { weight } of [token, position]) weight.checkGradIdle();
    const positions = new Uint32Array(rows.length);
    for (let i = 0; i < positions.length; i++) positions[i] = start + (i % sequenceLength);
    const stableGradOut = token.weight.stable(gradOut);
    if (!position.sparse) position.weight.reserveDense(); // so that nothing can be refused once the tokens have theirs
    token.addGradient(indices, rows, stableGradOut); // not backward, which would read the indices again
    position.backward(positions, stableGradOut);
  }

  /** The indices, and the sequences they are, once both fit the tables. */
  #read(indices: Indices, sequences: Sequences): { rows: Uint32Array; sequenceLength: number; start: number } {
    checkOptions(sequences, ["sequenceLength", "start"]);
    const { sequenceLength: given, start = 0 } = sequences;
    checkWhole("start", start, 0);
    checkIndices("indices", indices);
    if (given !== undefined) checkWhole("sequenceLength", given, 1);
    // Before the indices are read: they may lie in scratch memory, which nobody else's code may then overwrite.
    const sequenceLength = given ?? Math.max(1, sequenceLengthOf(indices));
    const rows = unshared(toUint32("indices", indices, this.numEmbeddings));
    const numIndices = rows.length;
    checkMultiple("indices", numIndices, sequenceLength, "sequenceLength");
    const beyond = Math.max(0, this.contextLength - start);
    if (numIndices > 0 && sequenceLength > beyond) {
      const expected = `expected an integer in [0, ${this.contextLength}), the context length`;
      throw rangeError("ERR_OUT_OF_RANGE", `position of indices[${beyond}] is ${show(start + beyond)}, ${expected}`);
    }
    return { rows, sequenceLength, start };
  }

  /**
   * Gives both tables' memory back. Using the layer afterwards throws TypeError [ERR_DISPOSED]; twice is harmless.
   *
   * @throws Error [ERR_IN_USE] while a call in flight reads one of them; nothing is changed then.
   */
  dispose(): void {
    this.position.weight.inFlight.check();
    this.token.dispose();
    this.position.dispose();
  }

  /** @internal */
  [inspect](): string {
    return `TokenPositionEmbedding(${this.numEmbeddings}, ${this.contextLength}, ${this.embeddingDim}, ${this.token.weight.implementation})`;
  }

  /** What `using` calls at the end of its block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function sinusoidal(contextLength: number, embeddingDim: number, backend: string | undefined): Embedding {
  const sines = new Embedding(contextLength, embeddingDim, { backend }, (rows, first) =>
    fillSinusoidal(rows, embeddingDim, first),
  );
  sines.weight.requiresGrad = false;
  return sines;
}
