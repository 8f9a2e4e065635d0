import type { MatmulKernels } from "../backend.js";
import { matmulNN } from "../js/matmulNN.js";
import { matmulNT } from "../js/matmulNT.js";
import { matmulTN } from "../js/matmulTN.js";
import { StagedProduct } from "./stagedProduct.js";
import type { Staging } from "./staging.js";

/** The products: at once where all operands are at home, else in blocks that go through the window. */
export function stagedMatmul(staging: Staging): MatmulKernels {
  const { exports, heap } = staging;
  const product = (name: keyof MatmulKernels, plain: MatmulKernels["matmulNN"]): MatmulKernels["matmulNN"] => {
    const staged = new StagedProduct(name, plain, staging);
    const kernel = exports[name];
    return (a, b, m, n, k, accumulate, out) => {
      if (heap.holds(a) && heap.holds(b) && heap.holds(out)) {
        kernel(a.byteOffset, b.byteOffset, m, n, k, accumulate ? 1 : 0, out.byteOffset);
      } else staged.run(a, b, m, n, k, accumulate, out);
    };
  };
  return {
    matmulNN: product("matmulNN", matmulNN),
    matmulNT: product("matmulNT", matmulNT),
    matmulTN: product("matmulTN", matmulTN),
  };
}
