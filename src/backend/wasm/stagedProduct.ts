import type { Exports, ProductExport } from "./exports.js";
import type { Heap } from "./heap.js";
import { type Home, isStaged, type Layout, layouts, outLayout, planBlocks, type Sizes } from "./plan.js";

/** Rows shorter than this are copied by a loop: a subarray and a set cost as much. */
const shortRow = 32;

/** Three operands begin at a 64-byte boundary each. */
const slack = 3 * 16;

/** A stretch of an operand, all in its own rows and columns. */
interface Piece {
  readonly view: Float32Array;
  /** Columns of the operand. */
  readonly width: number;
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/** One of the matrix kernels over operands of which some are not at home. */
export class StagedProduct {
  readonly #layout: Layout;
  readonly #kernel: ProductExport;
  readonly #exports: Exports;
  readonly #heap: Heap;
  readonly #window: number;
  readonly #capacity: number;

  constructor(name: keyof typeof layouts, exports: Exports, heap: Heap, window: number, capacity: number) {
    this.#layout = layouts[name];
    this.#kernel = exports[name];
    this.#exports = exports;
    this.#heap = heap;
    this.#window = window;
    this.#capacity = capacity - slack;
  }

  run(a: Float32Array, b: Float32Array, m: number, n: number, k: number, accumulate: boolean, out: Float32Array): void {
    if (m === 0 || n === 0) return;
    const heap = this.#heap;
    const sizes: Sizes = { m, n, k };
    const home: Home = { a: heap.holds(a), b: heap.holds(b), out: heap.holds(out) };
    const block = planBlocks(this.#layout, home, sizes, this.#capacity);
    if (block === undefined) this.#longDots(a, b, sizes, home, accumulate, out);
    else this.#blocks(a, b, sizes, home, block, accumulate, out);
  }

  #blocks(
    a: Float32Array,
    b: Float32Array,
    sizes: Sizes,
    home: Home,
    block: Sizes,
    accumulate: boolean,
    out: Float32Array,
  ): void {
    const layout = this.#layout;
    const { m, n, k } = sizes;
    const atA = this.#window;
    const atB = atA + (isStaged(layout.a, home.a, sizes, block) ? bytesOf(layout.a, block) : 0);
    const atOut = atB + (isStaged(layout.b, home.b, sizes, block) ? bytesOf(layout.b, block) : 0);
    const slotA = new Slot(this.#heap, a, home.a, layout.a, sizes, atA);
    const slotB = new Slot(this.#heap, b, home.b, layout.b, sizes, atB);
    const slotOut = new Slot(this.#heap, out, home.out, outLayout, sizes, atOut);
    for (let i = 0; i < m; i += block.m) {
      for (let j = 0; j < n; j += block.n) {
        const span = { m: Math.min(block.m, m - i), n: Math.min(block.n, n - j), k: 0 };
        const to = slotOut.place({ m: i, n: j, k: 0 }, span, accumulate);
        let p = 0;
        do {
          span.k = Math.min(block.k, k - p);
          const start = { m: i, n: j, k: p };
          const fromA = slotA.place(start, span, true);
          const fromB = slotB.place(start, span, true);
          this.#kernel(fromA, fromB, span.m, span.n, span.k, accumulate || p > 0 ? 1 : 0, to);
          p += block.k;
        } while (p < k);
        slotOut.takeHome();
      }
    }
  }

  /**
   * NT over rows of which not even two fit the window (more than 262,000 floats): each dot product by itself, its rows staged in
   * stretches of a multiple of 8, its lanes waiting in the window. Slow, and bounded.
   */
  #longDots(a: Float32Array, b: Float32Array, sizes: Sizes, home: Home, accumulate: boolean, out: Float32Array): void {
    const { m, n, k } = sizes;
    const { f32 } = this.#heap;
    const lanes = this.#window;
    const stretch = ((this.#capacity - 16) >>> 1) & ~7;
    const atA = lanes + 64;
    const atB = atA + stretch * 4;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        f32.fill(0, lanes >>> 2, (lanes >>> 2) + 8);
        let sum = 0;
        for (let p = 0; p < k; p += stretch) {
          const columns = Math.min(stretch, k - p);
          const fromA = home.a ? a.byteOffset + (i * k + p) * 4 : atA;
          const fromB = home.b ? b.byteOffset + (j * k + p) * 4 : atB;
          if (!home.a) copyIn({ view: a, width: k, row: i, column: p, rows: 1, columns }, f32, atA);
          if (!home.b) copyIn({ view: b, width: k, row: j, column: p, rows: 1, columns }, f32, atB);
          sum = this.#exports.continueDot(fromA, fromB, columns, lanes);
        }
        const at = i * n + j;
        out[at] = accumulate ? out[at] + sum : sum;
      }
    }
  }
}

/** Where the blocks of one operand lie for the kernel: in place, or in a fixed part of the window. */
class Slot {
  readonly #heap: Heap;
  readonly #view: Float32Array;
  readonly #home: boolean;
  readonly #layout: readonly [keyof Sizes, keyof Sizes];
  readonly #sizes: Sizes;
  readonly #address: number;
  #staged: Piece | undefined;

  constructor(
    heap: Heap,
    view: Float32Array,
    home: boolean,
    layout: readonly [keyof Sizes, keyof Sizes],
    sizes: Sizes,
    address: number,
  ) {
    this.#heap = heap;
    this.#view = view;
    this.#home = home;
    this.#layout = layout;
    this.#sizes = sizes;
    this.#address = address;
  }

  /** The address of a block, copied into the window first if it must be and is `wanted` there and is not there yet. */
  place(start: Sizes, span: Sizes, wanted: boolean): number {
    const [rowSize, columnSize] = this.#layout;
    const row = start[rowSize];
    const column = start[columnSize];
    const width = this.#sizes[columnSize];
    if (!isStaged(this.#layout, this.#home, this.#sizes, span)) {
      this.#staged = undefined;
      return this.#view.byteOffset + (row * width + column) * 4;
    }
    const now = this.#staged;
    if (now === undefined || now.row !== row || now.column !== column) {
      const piece = { view: this.#view, width, row, column, rows: span[rowSize], columns: span[columnSize] };
      if (wanted) copyIn(piece, this.#heap.f32, this.#address);
      this.#staged = piece;
    }
    return this.#address;
  }

  /** Carries the block in the window, if it is there, back to where it belongs. */
  takeHome(): void {
    if (this.#staged !== undefined) copyOut(this.#staged, this.#heap.f32, this.#address);
    this.#staged = undefined;
  }
}

function bytesOf([rows, columns]: readonly [keyof Sizes, keyof Sizes], block: Sizes): number {
  return Math.ceil((block[rows] * block[columns]) / 16) * 64;
}

/** Into linear memory, densely. */
function copyIn(piece: Piece, memory: Float32Array, address: number): void {
  const { view, width, row, column, rows, columns } = piece;
  let to = address >>> 2;
  let from = row * width + column;
  if (columns === width) {
    memory.set(view.subarray(from, from + rows * columns), to);
    return;
  }
  for (let i = 0; i < rows; i++, from += width, to += columns) {
    if (columns >= shortRow) memory.set(view.subarray(from, from + columns), to);
    else for (let j = 0; j < columns; j++) memory[to + j] = view[from + j];
  }
}

/** Out of linear memory, to where the piece belongs. */
function copyOut(piece: Piece, memory: Float32Array, address: number): void {
  const { view, width, row, column, rows, columns } = piece;
  let from = address >>> 2;
  let to = row * width + column;
  if (columns === width) {
    view.set(memory.subarray(from, from + rows * columns), to);
    return;
  }
  for (let i = 0; i < rows; i++, to += width, from += columns) {
    if (columns >= shortRow) view.set(memory.subarray(from, from + columns), to);
    else for (let j = 0; j < columns; j++) view[to + j] = memory[from + j];
  }
}
