import type { Block } from "./backend/backend.js";
import { typeError } from "./errors.js";
import { copyFloats, newFloats } from "./results.js";

/**
 * A gradient with a value for every element of its parameter.
 *
 * Its memory belongs to the parameter: `values` is valid until the parameter's next `zeroGrad`, `backward` or `dispose`;
 * `toDense()` is a copy that stays.
 */
export class DenseGradient {
  /** Tells it from a {@link SparseGradient}. */
  readonly kind = "dense";
  /** The parameter's shape: [rows, columns]. */
  readonly shape: readonly [number, number];
  /** Null: `values` holds every row of the parameter. */
  readonly rows = null;
  readonly #block: Block;

  /** @internal */
  constructor(shape: readonly [number, number], block: Block) {
    this.shape = shape;
    this.#block = block;
  }

  /** The gradient, row by row: rows x columns floats. A view: see the class. */
  get values(): Float32Array {
    return viewOf(this.#block, this.shape[0] * this.shape[1]);
  }

  /** A copy of the gradient: rows x columns floats. */
  toDense(): Float32Array {
    return copyFloats(this.values);
  }
}

/**
 * A gradient of some rows: what `torch.sparse_coo_tensor(...).coalesce()` is to PyTorch, with the rows ascending, each once.
 *
 * Its memory belongs to the parameter: `values` is valid until the parameter's next `zeroGrad`, `backward` or `dispose`.
 */
export class SparseGradient {
  /** Tells it from a {@link DenseGradient}. */
  readonly kind = "sparse";
  /** The parameter's shape: [rows, columns]. */
  readonly shape: readonly [number, number];
  /** Which rows of the parameter `values` holds, ascending. */
  readonly rows: Uint32Array;
  readonly #block: Block;

  /** @internal */
  constructor(shape: readonly [number, number], rows: Uint32Array, block: Block) {
    this.shape = shape;
    this.rows = rows;
    this.#block = block;
  }

  /** The gradient of those rows: rows.length x columns floats. A view: see the class. */
  get values(): Float32Array {
    return viewOf(this.#block, this.rows.length * this.shape[1]);
  }

  /** The gradient with a value for every element: rows x columns floats, zero where no row was touched. */
  toDense(): Float32Array {
    const [numRows, numColumns] = this.shape;
    const dense = newFloats(numRows * numColumns);
    this.addTo(dense);
    return dense;
  }

  /** @internal Adds each row to its row of `target`, which has the parameter's shape. */
  addTo(target: Float32Array): void {
    const numColumns = this.shape[1];
    const { rows, values } = this;
    for (let r = 0, from = 0; r < rows.length; r++) {
      let to = rows[r] * numColumns;
      for (const end = to + numColumns; to < end; ) target[to++] += values[from++];
    }
  }
}

function viewOf(block: Block, numFloats: number): Float32Array {
  if (block.byteLength < numFloats * 4) throw typeError("ERR_DISPOSED", "gradient is disposed, expected one in use");
  return block.f32(0, numFloats);
}
