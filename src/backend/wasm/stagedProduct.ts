import type { MatmulKernels } from "../backend.js";
import type { ProductExport } from "./exports.js";
import type { Heap } from "./heap.js";
import { type Home, isStaged, type Layout, layouts, outLayout, planBlocks, type Sizes } from "./plan.js";
import type { Staging } from "./staging.js";

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
  /** In plain TypeScript. */
  readonly #plain: MatmulKernels["matmulNN"];
  readonly #kernel: ProductExport;
  readonly #heap: Heap;
  readonly #window: number;
  readonly #capacity: number;

  constructor(name: keyof MatmulKernels, plain: MatmulKernels["matmulNN"], { exports, heap, whole }: Staging) {
    this.#layout = layouts[name];
    this.#plain = plain;
    this.#kernel = exports[name];
    this.#heap = heap;
    this.#window = whole.address;
    this.#capacity = whole.capacity - slack;
  }

  run(a: Float32Array, b: Float32Array, m: number, n: number, k: number, accumulate: boolean, out: Float32Array): void {
    if (m === 0 || n === 0) return;
    const heap = this.#heap;
    const sizes: Sizes = { m, n, k };
    const home: Home = { a: heap.holds(a), b: heap.holds(b), out: heap.holds(out) };
    const block = planBlocks(this.#layout, home, sizes, this.#capacity);
    if (block !== undefined) this.#blocks(a, b, sizes, home, block, accumulate, out);
    // NT whose rows do not fit the window one of each (or a window too small for anything): k cannot be cut, so the specification multiplies
    // them where they lie. Measured: 1.0 instead of 2.6 GFLOP/s, and only for operands away from home with rows above about 262,000 floats.
    else this.#plain(a, b, m, n, k, accumulate, out);
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
