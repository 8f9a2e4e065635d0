import type { Kernels } from "../../src/backend/backend.js";
import { specification } from "../../src/cli/kernels.js";
import { type Filling, filled, Random } from "./cases.js";
import type { Implementation } from "./implementations.js";
import { type Place, withPlaced } from "./placed.js";

/** The three matrix kernels; a and b have the same number of floats in each. */
export const products = ["matmulNN", "matmulNT", "matmulTN"] as const;
export type Product = (typeof products)[number];

/** One product with its operands and what the specification makes of them. */
export interface ProductCase {
  readonly name: Product;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly accumulate: boolean;
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly before: Float32Array;
  readonly after: Float32Array;
}

const known = new Map<string, ProductCase>();

/** The case of these sizes. It is made once for all implementations: the specification takes its time. */
export function productCase(
  name: Product,
  [m, n, k]: readonly number[],
  accumulate: boolean,
  filling: Filling = "ordinary",
): ProductCase {
  const key = [name, m, n, k, accumulate, filling].join();
  let found = known.get(key);
  if (found === undefined) {
    const random = new Random(m * 1009 + n * 101 + k);
    const a = filled(random, m * k, filling);
    const b = filled(random, k * n, filling);
    const before = filled(random, m * n, filling);
    const after = before.slice();
    specification[name](a, b, m, n, k, accumulate, after);
    found = { name, m, n, k, accumulate, a, b, before, after };
    known.set(key, found);
  }
  return found;
}

/** Runs a kernel on operands placed so, and compares all that it wrote and all that it read. */
export function runProduct({ kernels, backend }: Implementation, product: ProductCase, places: readonly Place[]): void {
  const { name, m, n, k, accumulate, a, b, before, after } = product;
  const kernel: Kernels[Product] = kernels[name];
  const what = `${m} x ${n} x ${k}${accumulate ? ", accumulate" : ""}, a, b, out: ${places}`;
  withPlaced(new Random(m + n + k), backend, places, [a, b, before] as const, (left, right, out) => {
    kernel(left.floats, right.floats, m, n, k, accumulate, out.floats);
    out.expect(after, what);
    left.expect(a, `a of ${what}`);
    right.expect(b, `b of ${what}`);
  });
}
