import { allocate, floatBytes } from "./allocate.js";
import { type Backend, type Block, noRows } from "./backend/backend.js";
import { rowKernels } from "./backend/families/rows.js";
import { firstOutside } from "./backend/js/firstOutside.js";
import { implementationName, kernelsFor } from "./backend/select.js";
import { coalesce, merge, spreadRows } from "./coalesce.js";
import { typeError } from "./errors.js";
import { scatterAddByFrequency } from "./frequency.js";
import { DenseGradient, SparseGradient } from "./gradient.js";
import { InFlight } from "./inFlight.js";
import { inspect } from "./inspect.js";
import { clearFixed, passOver, stretchesOf } from "./trainable.js";

/** See {@link Parameter.addInto}. */
type AddInto = (values: Float32Array, numRows: number, places: Uint32Array, paddingPlace: number) => void;

/** A dense gradient to write to: see {@link Parameter.openDense}. */
export interface OpenGradient {
  readonly gradient: DenseGradient;
  readonly values: Float32Array;
  readonly accumulate: boolean;
}

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
  /** Whether `backward` adds to `grad`. A frozen parameter is passed over. */
  requiresGrad: boolean;
  readonly #backend: Backend;
  readonly #numColumns: number;
  readonly #inFlight: InFlight;
  readonly #gradInFlight: InFlight;
  readonly #name: string;
  /** numRows at first and after each resize, oldest first. */
  readonly #sizes: number[];
  readonly #followers: { deref(): Parameter | undefined }[] = [];
  #shape: readonly [number, number];
  // The same as plain numbers, for a tiny lookup is mostly the reading of such things, and elements of a frozen array come slower.
  #numRows: number;
  #numFloats: number;
  #trainableRows: Uint8Array | null = null;
  #block: Block | null;
  #view: Float32Array;
  #grad: DenseGradient | SparseGradient | null = null;
  // Gradient memory outlives zeroGrad: touching fresh pages costs ten times what clearing them again does.
  #denseBlock: Block | null = null;
  #sparseBlock: Block | null = null;

  /** @internal */
  constructor(name: string, shape: readonly [number, number], backend: Backend, requiresGrad = true) {
    this.#name = name;
    this.#inFlight = new InFlight(name);
    this.#gradInFlight = new InFlight(`${name}.grad`);
    this.#shape = Object.freeze([...shape] as const);
    this.#numRows = shape[0];
    this.#numColumns = shape[1];
    this.#numFloats = shape[0] * shape[1];
    this.#sizes = [shape[0]];
    this.#backend = backend;
    this.requiresGrad = requiresGrad;
    this.#block = allocate(backend, name, shape);
    this.#view = this.#block.f32(0, shape[0] * shape[1]);
  }

  /** [rows, columns]. Another one after {@link Embedding.resize}. */
  get shape(): readonly [number, number] {
    return this.#shape;
  }

  /** @internal */
  get numRows(): number {
    return this.#numRows;
  }

  /** @internal */
  get numColumns(): number {
    return this.#numColumns;
  }

  /** @internal What holds the memory and runs the kernels. */
  get backend(): Backend {
    return this.#backend;
  }

  /** @internal Calls that read the values. */
  get inFlight(): InFlight {
    return this.#inFlight;
  }

  /** @internal Calls that write the gradient. */
  get gradInFlight(): InFlight {
    return this.#gradInFlight;
  }

  /** "native:avx2": which implementation holds the table and computes on it. */
  get implementation(): string {
    return implementationName(this.backend);
  }

  /** @internal */
  [inspect](): string {
    return `Parameter(${this.#name}, ${this.#shape.join(" x ")}, ${this.implementation})`;
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

  /** @internal Throws TypeError [ERR_DISPOSED] when the values are gone. */
  checkInUse(): void {
    void this.data;
  }

  /** The gradient so far, or null before the first `backward` and after `zeroGrad`. */
  get grad(): DenseGradient | SparseGradient | null {
    return this.#grad;
  }

  /**
   * Forgets the gradient. Its memory is kept for the next one.
   *
   * @throws Error [ERR_IN_USE] while a `lossAsync` adds to it.
   */
  zeroGrad(): void {
    this.gradInFlight.check();
    this.#grad = null;
  }

  /**
   * Gives the memory back. Using the parameter afterwards throws TypeError [ERR_DISPOSED]; twice is harmless.
   *
   * @throws Error [ERR_IN_USE] while a call in flight reads it; nothing is changed then.
   */
  dispose(): void {
    this.inFlight.check();
    this.#grad = null;
    for (const block of [this.#block, this.#denseBlock, this.#sparseBlock]) block?.dispose();
    this.#block = this.#denseBlock = this.#sparseBlock = null;
  }

  /** What `using` calls at the end of its block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Which rows may be updated: one entry per row, 1 for those; null when all may. The others get no gradient. A copy. */
  get trainableRows(): Uint8Array | null {
    return this.#trainableRows?.slice() ?? null;
  }

  /** @internal Fixes the rows whose entry is 0: no gradient, no step of an optimizer, nothing moves them. */
  fixRows(trainableRows: Uint8Array): void {
    this.#trainableRows = trainableRows.includes(0) ? trainableRows.slice() : null;
  }

  /** @internal Whether a row may move. */
  isTrainable(row: number): boolean {
    return this.#trainableRows === null || this.#trainableRows[row] !== 0;
  }

  /**
   * @internal The rows that may move as stretches [start, end), ascending; all rows are one stretch. With a dense gradient an optimizer
   * moves these alone: weight decay and momentum would move a row whose gradient is zero. A sparse gradient holds no other rows.
   */
  trainableStretches(): readonly (readonly [number, number])[] {
    return this.#trainableRows === null ? [[0, this.#shape[0]]] : stretchesOf(this.#trainableRows);
  }

  /**
   * @internal The same indices and padding row for a kernel that passes over one row only: with fixed rows all of them, and padding,
   * become one of the fixed rows. Indices out of range stay where and what they are.
   */
  passOverFixed(indices: Uint32Array, paddingIdx: number): { indices: Uint32Array; paddingIdx: number } {
    return this.#trainableRows === null ? { indices, paddingIdx } : passOver(this.#trainableRows, indices, paddingIdx);
  }

  /** @internal How often the parameter was resized: what {@link rowsKeptSince} takes. */
  get resizes(): number {
    return this.#sizes.length - 1;
  }

  /**
   * @internal How many rows, from the first on, are the same as after that many resizes: what an optimizer remembers of them still holds;
   * for the rows behind them it begins anew.
   */
  rowsKeptSince(resizes: number): number {
    let kept = this.#numRows;
    for (let r = resizes; r < this.#sizes.length; r++) kept = Math.min(kept, this.#sizes[r]); // there may be any number of them
    return kept;
  }

  /** @internal Resizes another parameter along with this one, its new rows zero. */
  follow(follower: Parameter): void {
    // Cloudflare Workers whose compatibility date lies before May 2025 know no WeakRef.
    this.#followers.push(typeof WeakRef === "function" ? new WeakRef(follower) : { deref: () => follower });
  }

  /**
   * @internal Another number of rows: those that fit are kept, new ones are zero and may move, gradients are forgotten. Throws
   * RangeError [ERR_OUT_OF_MEMORY] or Error [ERR_IN_USE], and then nothing changed.
   */
  resize(numRows: number): void {
    this.checkInUse();
    const followers = this.#followers.flatMap((each) => each.deref() ?? []);
    const all = [this, ...followers.filter((each) => !each.isDisposed)];
    for (const each of all) each.inFlight.check();
    const blocks: Block[] = [];
    try {
      for (const each of all) blocks.push(each.allocateRows(numRows));
    } catch (error) {
      for (const block of blocks) block.dispose();
      throw error;
    }
    all.forEach((each, p) => {
      each.moveTo(blocks[p], numRows);
    });
  }

  /** @internal Whether the values are gone. This and the next two are for {@link resize}: a follower may be another copy's of the package. */
  get isDisposed(): boolean {
    return this.#block === null;
  }

  /** @internal Memory for so many rows. Throws RangeError [ERR_OUT_OF_MEMORY]. */
  allocateRows(numRows: number): Block {
    return allocate(this.backend, this.#name, [numRows, this.#shape[1]]);
  }

  /** @internal Has so many rows in that memory from now on. */
  moveTo(block: Block, numRows: number): void {
    const numColumns = this.#shape[1];
    const kept = Math.min(numRows, this.#shape[0]) * numColumns;
    block.f32(0, kept).set(this.data.subarray(0, kept));
    const mask = this.#trainableRows;
    this.dispose();
    this.#block = block;
    this.#shape = Object.freeze([numRows, numColumns] as const);
    this.#numRows = numRows;
    this.#numFloats = numRows * numColumns;
    this.#sizes.push(numRows);
    this.#view = block.f32(0, numRows * numColumns);
    if (mask !== null) this.fixRows(Uint8Array.from({ length: numRows }, (_, row) => mask[row] ?? 1));
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

  /** @internal Throws Error [ERR_IN_USE] while the gradient that a backward pass would add to is another's to write. */
  checkGradIdle(): void {
    if (this.requiresGrad) this.gradInFlight.check();
  }

  /**
   * @internal Makes the gradient dense, to be written to and then kept by {@link keepDense}: values to add to when `accumulate`, else memory
   * with anything in it to overwrite whole. Null where no gradient is wanted. See {@link checkGradIdle}.
   */
  openDense(): OpenGradient | null {
    if (!this.requiresGrad) return null;
    const accumulate = this.#grad !== null;
    const gradient = this.#toDense();
    return { gradient, values: gradient.values, accumulate };
  }

  /** @internal The gradient is what {@link openDense} gave, which has been written. */
  keepDense({ gradient, values }: OpenGradient): void {
    if (this.#trainableRows !== null) clearFixed(this.#trainableRows, values, this.#shape[1]);
    this.#grad = gradient;
  }

  /** @internal {@link openDense}, `add`, {@link keepDense}. */
  addDense(add: (values: Float32Array, accumulate: boolean) => void): void {
    this.checkGradIdle();
    const open = this.openDense();
    if (open === null) return;
    add(open.values, open.accumulate);
    this.keepDense(open);
  }

  /** @internal Makes room for a dense gradient, so that `addDense` will allocate nothing and views of other memory stay what they are. */
  reserveDense(): void {
    if (this.requiresGrad) this.#denseBlock ??= allocate(this.backend, `${this.#name}.grad`, this.shape);
  }

  /**
   * @internal grad[indices[i], :] += gradOut[i, :], divided by how often indices[i] stands in the call when `byFrequency`. Returns how far
   * it got, as the kernel does: fewer than indices.length is the position of an index out of range, and then the gradient is as it was.
   */
  addRows(
    indices: Uint32Array,
    paddingIdx: number,
    gradOut: Float32Array,
    sparse: boolean,
    byFrequency = false,
  ): number {
    const numColumns = this.#shape[1];
    const stableGradOut = this.stable(gradOut);
    return this.addInto(indices, paddingIdx, sparse, (values, numRows, places, paddingPlace) => {
      if (byFrequency) scatterAddByFrequency(values, numRows, numColumns, places, paddingPlace, stableGradOut);
      else {
        const kernels = kernelsFor(this.backend, rowKernels, places.length * numColumns);
        kernels.scatterAdd(values, numRows, numColumns, places, places.length, paddingPlace, stableGradOut);
      }
    });
  }

  /**
   * @internal Lets `add` write to the gradient: dense, or with `sparse` to a table of the touched rows. It is given the values to add to,
   * how many rows they have, the row of each index, and the row that padding and fixed rows have. What it closes over has to be {@link stable}.
   * Returns as addRows; `add` is not called when an index is out of range.
   */
  addInto(indices: Uint32Array, paddingIdx: number, sparse: boolean, add: AddInto): number {
    const [numRows] = this.#shape;
    const done = firstOutside(indices, indices.length, numRows);
    if (done < indices.length || !this.requiresGrad) return done;
    this.gradInFlight.check();
    const passed = this.passOverFixed(this.stable(indices), paddingIdx);
    if (sparse && this.#grad?.kind !== "dense") {
      this.#addSparse(passed.indices, passed.paddingIdx, add);
      return done;
    }
    const fresh = this.#grad === null;
    const dense = this.#toDense();
    const { values } = dense;
    if (fresh) values.fill(0);
    add(values, numRows, passed.indices, passed.paddingIdx);
    this.#grad = dense;
    return done;
  }

  #addSparse(indices: Uint32Array, paddingIdx: number, add: AddInto): void {
    const numColumns = this.#shape[1];
    const block = this.#reserveSparse(indices.length);
    const earlier = this.#grad?.kind === "sparse" ? this.#grad.rows : noRows;
    const { rows, places, earlierPlaces } = merge(earlier, coalesce(indices, paddingIdx));

    const values = block.f32(0, (rows.length + 1) * numColumns);
    spreadRows(values, numColumns, earlierPlaces, rows.length);
    // Padding has the place behind the last row, where there is room that the kernel passes over.
    add(values, rows.length + 1, places, rows.length);
    this.#grad = new SparseGradient(this.shape, rows, block);
  }

  /** Room for the rows there are, as many new ones, and one for padding. */
  #reserveSparse(numIndices: number): Block {
    const [numRows, numColumns] = this.#shape;
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
    if (this.#grad?.kind === "sparse") this.#grad.addTo(dense.values.fill(0));
    return dense;
  }

  #renewView(): Float32Array {
    const numFloats = this.#numFloats;
    if (this.#block !== null) this.#view = this.#block.f32(0, numFloats);
    if (this.#block === null || this.#view.length !== numFloats) {
      throw typeError("ERR_DISPOSED", `${this.#name} is disposed, expected one in use`);
    }
    return this.#view;
  }
}
