/** All kernels together, for those who check or time them: a layer asks for its families alone. */

import type { Backend, Family, Kernels } from "../backend.js";
import { lossKernels } from "./loss.js";
import { stepKernels } from "./optimizers.js";
import { word2vecKernels } from "./word2vec.js";

/** Every kernel there is, in plain TypeScript. */
export const specification: Kernels = gathered((family) => family.specification);

/** Every kernel of a backend. */
export function everyKernel(backend: Backend): Kernels {
  return gathered((family) => backend.kernels(family));
}

function gathered(kernelsOf: <Some>(family: Family<Some>) => Some): Kernels {
  return {
    ...kernelsOf(lossKernels), // and those of rows, bags and products
    ...kernelsOf(stepKernels),
    ...kernelsOf(word2vecKernels),
  };
}
