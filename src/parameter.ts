import { type Backend, type Block, noPadding } from "./backend/backend.js";
import { firstOutside } from "./backend/js/firstOutside.js";
import { implementationName, kernelsFor } from "./backend/select.js";
import { type Coalesced, coalesce } from "./coalesce.js";
import { rangeError, typeError } from "./errors.js";
import { DenseGradient, SparseGradient } from "./gradient.js";

const floatBytes = 4;

/**
 * A trainable table: its values, and the gradient that `backward` calls add up in it. Layers make parameters; tied layers share one.
 *
 * @example
 * import { Embedding } from "nn-embedding";
 * using tokens = new Embedding(6, 3);
 * tokens.weight.shape; // => [6, 3]
 * tokens.weight.grad; // => null
 */
export class Parameter {
  /** [rows, columns]. */
  readonly shape: readonly [number, number];
  /** Whether `backward` adds to `grad`. A frozen parameter is passed over. */
  requiresGrad: boolean;
  /** @internal What holds the memory and runs the kernels. */
  readonly backend: Backend;
  readonly #name: string;
  readonly #numFloats: number;
  #block: Block | null;
  #view: Float32Array;
  #grad: DenseGradient | SparseGradient | null = null;
  // Gradient memory outlives zeroGrad: touching fresh pages costs ten times what clearing them again does.
  #denseBlock: Block | null = null;
  #sparseBlock: Block | null = null;

  /** @internal */
  constructor(name: string, shape: readonly [number, number], backend: Backend, requiresGrad = true) {
    this.#name = name;
    this.shape = shape;
    this.backend = backend;
    this.requiresGrad = requiresGrad;
    this.#numFloats = shape[0] * shape[1];
    this.#block = allocate(backend, name, shape);
    this.#view = this.#block.f32(0, this.#numFloats);
  }

  /** "native:avx2": which implementation holds the table and computes on it. */
  get implementation(): string {
    return implementationName(this.backend);
  }

  /**
   * The values, row by row: a view of the backend's memory, so writing to it changes the table. Valid until the next table is made
   * (WASM memory moves when it grows) or this one is disposed of: read it from the parameter each time.
   *
   * @throws TypeError [ERR_DISPOSED]
   */
  get data(): Float32Array {
    const view = this.#view;
    return view.length === this.#numFloats && this.#block !== null ? view : this.#renewView();
  }

  /** The gradient so far, or null before the first `backward` and after `zeroGrad`. */
  get grad(): DenseGradient | SparseGradient | null {
    return this.#grad;
  }

  /** Forgets the gradient. Its memory is kept for the next one. */
  zeroGrad(): void {
    this.#grad = null;
  }

  /** Gives the memory back. Using the parameter afterwards throws TypeError [ERR_DISPOSED]; twice is harmless. */
  dispose(): void {
    this.#grad = null;
    for (const block of [this.#block, this.#denseBlock, this.#sparseBlock]) block?.dispose();
    this.#block = this.#denseBlock = this.#sparseBlock = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * @internal The array, or a copy of it if making the gradient would change it: a view of memory that moves when more is allocated, or of
   * the gradient's own memory.
   */
  stable<View extends Float32Array | Uint32Array>(array: View): View {
    const { buffer } = array;
    const isGradient = [this.#denseBlock, this.#sparseBlock].some((block) => block?.f32(0, 0).buffer === buffer);
    return isGradient || this.backend.moves(array) ? (array.slice() as View) : array;
  }

  /**
   * @internal Makes the gradient dense and lets `add` write to it: values to add to when `accumulate`, else memory with anything in it
   * to overwrite whole.
   */
  addDense(add: (values: Float32Array, accumulate: boolean) => void): void {
    if (!this.requiresGrad) return;
    const accumulate = this.#grad !== null;
    const dense = this.#toDense();
    add(dense.values, accumulate);
    this.#grad = dense;
  }

  /** @internal Makes room for a dense gradient, so that `addDense` will allocate nothing and views of other memory stay what they are. */
  reserveDense(): void {
    if (this.requiresGrad) this.#denseBlock ??= allocate(this.backend, `${this.#name}.grad`, this.shape);
  }

  /**
   * @internal grad[indices[i], :] += gradOut[i, :]. Returns how far it got, as the kernel does: fewer than indices.length is the
   * position of an index out of range, and then the gradient is as it was.
   */
  addRows(indices: Uint32Array, paddingIdx: number, gradOut: Float32Array, sparse: boolean): number {
    const [numRows, numColumns] = this.shape;
    const numIndices = indices.length;
    const staysSparse = sparse && this.#grad?.kind !== "dense";
    if (staysSparse || !this.requiresGrad) {
      const done = firstOutside(indices, numIndices, numRows);
      if (done === numIndices && this.requiresGrad) this.#addSparse(this.stable(indices), paddingIdx, gradOut);
      return done;
    }
    const stableGradOut = this.stable(gradOut);
    const stableIndices = this.stable(indices);
    const fresh = this.#grad === null;
    const dense = this.#toDense();
    const { values } = dense;
    if (fresh) values.fill(0);
    const kernels = kernelsFor(this.backend, numIndices * numColumns);
    const done = kernels.scatterAdd(values, numRows, numColumns, stableIndices, numIndices, paddingIdx, stableGradOut);
    if (done === numIndices) this.#grad = dense;
    return done;
  }

  #addSparse(indices: Uint32Array, paddingIdx: number, gradOut: Float32Array): void {
    const numColumns = this.shape[1];
    const stableGradOut = this.stable(gradOut);
    const block = this.#reserveSparse(indices.length);
    const earlier = this.#grad?.kind === "sparse" ? this.#grad.rows : new Uint32Array(0);
    const { rows, places, earlierPlaces } = merge(earlier, coalesce(indices, paddingIdx));

    // The earlier rows move to their places, the last first: a row moves up or stays. Between them come zeros.
    const values = block.f32(0, (rows.length + 1) * numColumns);
    let above = rows.length;
    for (let r = earlier.length - 1; r >= 0; r--) {
      const place = earlierPlaces[r];
      values.fill(0, (place + 1) * numColumns, above * numColumns);
      values.copyWithin(place * numColumns, r * numColumns, (r + 1) * numColumns);
      above = place;
    }
    values.fill(0, 0, above * numColumns);

    // Padding has the place behind the last row, where there is room that the kernel passes over.
    const kernels = kernelsFor(this.backend, indices.length * numColumns);
    kernels.scatterAdd(values, rows.length + 1, numColumns, places, places.length, rows.length, stableGradOut);
    this.#grad = new SparseGradient(this.shape, rows, block);
  }

  /** Room for the rows there are, as many new ones, and one for padding. */
  #reserveSparse(numIndices: number): Block {
    const [numRows, numColumns] = this.shape;
    const earlier = this.#grad?.kind === "sparse" ? this.#grad : null;
    const most = Math.min(numRows, (earlier?.rows.length ?? 0) + numIndices) + 1;
    const bytes = most * numColumns * floatBytes;
    const block = this.#sparseBlock;
    if (block !== null && block.byteLength >= bytes) return block;
    const grown = allocate(this.backend, `${this.#name}.grad`, [most, numColumns]);
    if (earlier !== null) {
      grown.f32(0, earlier.values.length).set(earlier.values);
      this.#grad = new SparseGradient(this.shape, earlier.rows, grown);
    }
    block?.dispose();
    this.#sparseBlock = grown;
    return grown;
  }

  /** The gradient in dense memory, with what a sparse one held; without any gradient, memory with anything in it. */
  #toDense(): DenseGradient {
    if (this.#grad?.kind === "dense") return this.#grad;
    this.#denseBlock ??= allocate(this.backend, `${this.#name}.grad`, this.shape);
    const dense = new DenseGradient(this.shape, this.#denseBlock);
    if (this.#grad?.kind === "sparse") this.#grad.addTo(dense.values.fill(0), this.#grad.rows);
    return dense;
  }

  #renewView(): Float32Array {
    if (this.#block !== null) this.#view = this.#block.f32(0, this.#numFloats);
    if (this.#block === null || this.#view.length !== this.#numFloats) {
      throw typeError("ERR_DISPOSED", `${this.#name} is disposed, expected one in use`);
    }
    return this.#view;
  }
}

function allocate(backend: Backend, name: string, shape: readonly [number, number]): Block {
  const bytes = shape[0] * shape[1] * floatBytes;
  if (!Number.isSafeInteger(bytes)) {
    throw rangeError(
      "ERR_OUT_OF_MEMORY",
      `${name} is ${shape[0]} x ${shape[1]} floats, expected fewer than 2^53 bytes`,
    );
  }
  try {
    return backend.allocate(bytes);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_OUT_OF_MEMORY") throw error;
    throw rangeError(
      "ERR_OUT_OF_MEMORY",
      `${name} is ${shape[0]} x ${shape[1]} floats, expected what its backend can allocate`,
    );
  }
}

/** The union of the earlier rows and the new ones, ascending, with the places of both in it. */
function merge(earlier: Uint32Array, { rows, places }: Coalesced): Coalesced & { readonly earlierPlaces: Uint32Array } {
  const union = new Uint32Array(earlier.length + rows.length);
  const earlierPlaces = new Uint32Array(earlier.length);
  const newPlaces = new Uint32Array(rows.length + 1);
  let numRows = 0;
  for (let e = 0, r = 0; e < earlier.length || r < rows.length; numRows++) {
    const row = Math.min(earlier[e] ?? noPadding, rows[r] ?? noPadding);
    union[numRows] = row;
    if (earlier[e] === row) earlierPlaces[e++] = numRows;
    if (rows[r] === row) newPlaces[r++] = numRows;
  }
  newPlaces[rows.length] = numRows; // padding
  return { rows: union.slice(0, numRows), places: places.map((place) => newPlaces[place]), earlierPlaces };
}
