/**
 * How a matrix product is cut into blocks when not all of it is at home.
 *
 * A kernel takes whole matrices: each operand of a block must lie in linear memory as one dense piece. It does so already when it is at
 * home and the block takes whole rows of it (or one row); else the block is *staged*, copied into the window. Everything here counts
 * floats.
 */

/** The three sizes of a product, by the names of kernels.ts. */
export interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

type Size = keyof Sizes;

/** Which size counts the rows and which the columns of each operand, and where k may be cut without changing the order of sums. */
export interface Layout {
  readonly a: readonly [rows: Size, columns: Size];
  readonly b: readonly [rows: Size, columns: Size];
  /** k may be cut at its multiples; 0 is nowhere. */
  readonly cutK: number;
}

export const layouts = {
  matmulNN: { a: ["m", "k"], b: ["k", "n"], cutK: 256 },
  matmulNT: { a: ["m", "k"], b: ["n", "k"], cutK: 0 },
  matmulTN: { a: ["k", "m"], b: ["k", "n"], cutK: 256 },
} as const satisfies Record<string, Layout>;

export const outLayout = ["m", "n"] as const;

/** Which operands are at home. */
export interface Home {
  readonly a: boolean;
  readonly b: boolean;
  readonly out: boolean;
}

/** What one call of a kernel costs, and the first float of a copied row, in floats copied (measured, roughly). */
const kernelCallCost = 2048;
const rowCost = 64;

/** A kernel reading (and packing) an operand once more, against copying it once more. */
const readCost = 0.5;

/** Whether this block of an operand has to be copied into the window. */
export function isStaged([rows, columns]: readonly [Size, Size], home: boolean, sizes: Sizes, block: Sizes): boolean {
  return !home || (block[columns] < sizes[columns] && block[rows] > 1);
}

/** How many floats of the window a block takes. */
function windowFloats(layout: Layout, home: Home, sizes: Sizes, block: Sizes): number {
  let floats = 0;
  if (isStaged(layout.a, home.a, sizes, block)) floats += block[layout.a[0]] * block[layout.a[1]];
  if (isStaged(layout.b, home.b, sizes, block)) floats += block[layout.b[0]] * block[layout.b[1]];
  if (isStaged(outLayout, home.out, sizes, block)) floats += block.m * block.n;
  return floats;
}

/**
 * The block that moves the fewest floats, of those that fit a window of `capacity` floats; undefined when not even one row by one
 * column does. Blocks are walked m outermost, k innermost, and an operand is staged anew only when its block is another than before.
 */
export function planBlocks(layout: Layout, home: Home, sizes: Sizes, capacity: number): Sizes | undefined {
  if (windowFloats(layout, home, sizes, sizes) <= capacity) return sizes;
  let best: Sizes | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  const consider = (block: Sizes): void => {
    if (windowFloats(layout, home, sizes, block) > capacity) return;
    const cost = costOf(layout, home, sizes, block);
    if (cost < bestCost) {
      best = block;
      bestCost = cost;
    }
  };
  const cutsOfM = cuts(sizes.m, 1);
  const cutsOfN = cuts(sizes.n, 1);
  const cutsOfK = cuts(sizes.k, layout.cutK);
  for (const m of cutsOfM) {
    for (const k of cutsOfK) consider({ m, n: 1, k });
    for (const n of cutsOfN) for (const k of cutsOfK) consider({ m, n, k });
  }
  return best;
}

/** The whole size, then its halves, quarters, ... in multiples of `step` (0: the whole only). */
function cuts(size: number, step: number): number[] {
  const found = [size];
  if (step === 0) return found;
  for (let parts = 2; found[found.length - 1] > step; parts *= 2) {
    const part = Math.ceil(size / parts);
    const unit = part > 64 ? Math.max(step, 16) : step; // whole tiles, until there are none
    const cut = Math.ceil(part / unit) * unit;
    if (cut < found[found.length - 1]) found.push(cut);
    else if (part <= step) break;
  }
  return found;
}

/** What the plan moves, in floats copied. */
function costOf(layout: Layout, home: Home, sizes: Sizes, block: Sizes): number {
  const blocksOfM = Math.ceil(sizes.m / block.m);
  const blocksOfN = Math.ceil(sizes.n / block.n);
  const blocksOfK = Math.ceil(sizes.k / Math.max(block.k, 1)) || 1; // with k = 0 there is one block still, of zeros
  const passes = (operand: readonly [Size, Size], isHome: boolean, copies: number, reads: number): number => {
    const [rows, columns] = operand;
    const read = reads * readCost * sizes[rows] * sizes[columns];
    if (!isStaged(operand, isHome, sizes, block)) return read;
    const pieces = block[columns] === sizes[columns] ? 1 : sizes[rows] * Math.ceil(sizes[columns] / block[columns]);
    return read + copies * (sizes[rows] * sizes[columns] + rowCost * pieces);
  };
  return (
    passes(layout.a, home.a, blocksOfK > 1 ? blocksOfN : 1, blocksOfN) +
    passes(layout.b, home.b, blocksOfN * blocksOfK > 1 ? blocksOfM : 1, blocksOfM) +
    passes(outLayout, home.out, 1, blocksOfK) +
    blocksOfM * blocksOfN * blocksOfK * kernelCallCost
  );
}
