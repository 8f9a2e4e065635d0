import type { Call } from "../backend/calls.js";
import type { LossKernels } from "../backend/families/loss.js";
import type { Work } from "../work.js";

/**
 * How the product of hidden states and a large table is cut, so that its n x V logits are never held.
 *
 * The table's rows are walked in chunks: the softmax's sums are folded at the end of each, so their size is part of the numeric law. A
 * multiple of 256, so that matrix products that accumulate over chunks give the bits of the whole.
 */
export const chunkColumns = 2048;

/** Hidden states are walked in blocks of a multiple of 256 for the same reason. */
const rowStep = 256;

/**
 * Logit tile sizes when logits are recomputed: at most 512 KiB, which stays in a second-level cache. Rows of a chunk for the sums, since rows
 * do not depend on each other; columns of a block of 256 rows for the gradients, a multiple of 256 too. Half as many columns where the rows and
 * their gradients have to be staged, for memory's sake; natively that took 1 or 2 % more time.
 */
export const rowsOfSums = 64;
const columnsOfGradients = 512;
const columnsBesideRows = 256;

/** Logits that fit into so many floats, 4 MiB, are kept from the first pass to the second instead of being made again. */
const mostKept = 2 ** 20;

/** So many multiplications, 3 to 5 ms of them, are worth the way off the event loop and back; more would keep a thread that is to end. */
const worthAHop = 2 ** 28;

/** Some of the table's rows. */
export interface Chunk {
  /** The first of them. */
  readonly first: number;
  /** How many. */
  readonly count: number;
}

/** Calls for each chunk of so many of the table's rows in turn, as many at a time as are worth it. */
export function* walkChunks(
  numEmbeddings: number,
  columns: number,
  multiplicationsPerRow: number,
  callsOf: (chunk: Chunk) => readonly Call<LossKernels>[],
): Work<void, LossKernels> {
  let calls: Call<LossKernels>[] = [];
  let multiplications = 0;
  for (let first = 0; first < numEmbeddings; first += columns) {
    const count = Math.min(columns, numEmbeddings - first);
    calls.push(...callsOf({ first, count }));
    multiplications += count * multiplicationsPerRow;
    if (multiplications < worthAHop && first + count < numEmbeddings) continue;
    yield calls;
    calls = [];
    multiplications = 0;
  }
}

/** How a batch is walked. */
export interface Walk {
  /** Hidden states at a time. */
  readonly rowsAtOnce: number;
  /** Whether all logits of a block of rows are kept. */
  readonly keepsAll: boolean;
  /** Rows of the table at a time, in the pass of the gradients. */
  readonly gradientColumns: number;
  /** Floats of memory for logits in the pass of the sums and in that of the gradients, at most {@link mostKept} each. */
  readonly floatsOfSums: number;
  readonly floatsOfGradients: number;
}

/**
 * The plan for n hidden states of dim floats. Beside logits that are kept they and their gradients are laid out too, so a long row counts as
 * many logits do; beside others only with `bringsHome`.
 */
export function planWalk(n: number, numEmbeddings: number, dim: number, bringsHome: boolean): Walk {
  const fitting = Math.floor(mostKept / Math.max(numEmbeddings, dim));
  const wholeSteps = Math.floor(fitting / rowStep) * rowStep;
  if (n <= fitting || wholeSteps > 0) {
    const rowsAtOnce = n <= fitting ? n : wholeSteps;
    const all = rowsAtOnce * numEmbeddings;
    return { rowsAtOnce, keepsAll: true, gradientColumns: chunkColumns, floatsOfSums: all, floatsOfGradients: all };
  }
  const rowsAtOnce = Math.min(n, rowStep);
  const gradientColumns = bringsHome ? columnsBesideRows : columnsOfGradients;
  const floatsOfSums = Math.min(rowsAtOnce, rowsOfSums) * Math.min(chunkColumns, numEmbeddings);
  const floatsOfGradients = rowsAtOnce * Math.min(gradientColumns, numEmbeddings);
  return { rowsAtOnce, keepsAll: false, gradientColumns, floatsOfSums, floatsOfGradients };
}
