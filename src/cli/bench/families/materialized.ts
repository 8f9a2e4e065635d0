import { type Backend, type Block, noFloats } from "../../../backend/backend.js";
import { lossKernels } from "../../../backend/families/loss.js";

/**
 * Cross-entropy and its gradients with all n x rows logits in memory, by the same kernels that the fused loss uses: what that is compared with.
 * Everything lies in the backend's memory.
 */
export class MaterializedLoss {
  readonly #backend: Backend;
  readonly #n: number;
  readonly #rows: number;
  readonly #dim: number;
  readonly #blocks: Readonly<Record<"logits" | "gradWeight" | "gradHidden" | "small", Block>>;

  constructor(backend: Backend, n: number, rows: number, dim: number) {
    this.#backend = backend;
    this.#n = n;
    this.#rows = rows;
    this.#dim = dim;
    this.#blocks = {
      gradWeight: backend.allocate(4 * rows * dim),
      gradHidden: backend.allocate(4 * n * dim),
      small: backend.allocate(4 * 6 * n),
      logits: backend.allocate(4 * n * rows),
    };
  }

  /** The mean loss over the targets; the gradients are overwritten. */
  run(table: Float32Array, hidden: Float32Array, targets: Uint32Array): number {
    const [n, rows, dim] = [this.#n, this.#rows, this.#dim];
    const kernels = this.#backend.kernels(lossKernels);
    const logits = this.#blocks.logits.f32(0, n * rows);
    const small = this.#blocks.small.f32(0, 6 * n);
    const statistics = small.subarray(0, 3 * n);
    const coefficients = small.subarray(3 * n);
    kernels.matmulNT(hidden, table, n, rows, dim, false, logits);
    for (let i = 0; i < n; i++) statistics.set([Number.NEGATIVE_INFINITY, 0, 0], 3 * i);
    kernels.sumExponentials(statistics, logits, n, rows, noFloats);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const [greatest, sum] = statistics.subarray(3 * i);
      loss += greatest + Math.log(sum) - logits[i * rows + targets[i]];
      coefficients.set([greatest, 1 / (sum * n), 0], 3 * i);
    }
    kernels.softmaxGradient(logits, n, rows, noFloats, coefficients);
    for (let i = 0; i < n; i++) logits[i * rows + targets[i]] -= 1 / n;
    kernels.matmulNN(logits, table, n, dim, rows, false, this.gradHidden);
    kernels.matmulTN(logits, hidden, rows, dim, n, false, this.#blocks.gradWeight.f32(0, rows * dim));
    return loss / n;
  }

  get gradHidden(): Float32Array {
    return this.#blocks.gradHidden.f32(0, this.#n * this.#dim);
  }

  [Symbol.dispose](): void {
    for (const block of Object.values(this.#blocks)) block.dispose();
  }
}
