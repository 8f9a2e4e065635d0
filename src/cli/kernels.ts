/** All kernels together, for those who check or time them: a layer asks for its families alone. */

import type { Backend, Family, Kernels } from "../backend/backend.js";
import { bagKernels } from "../backend/families/bags.js";
import { lossKernels } from "../backend/families/loss.js";
import { matmulKernels } from "../backend/families/matmul.js";
import { rowKernels } from "../backend/families/rows.js";
import { stepKernels } from "../backend/families/steps.js";
import { word2vecKernels } from "../backend/families/word2vec.js";

/** All kernels in plain TypeScript. */
export const specification: Kernels = joined((family) => family.specification);

/** All kernels of a backend. */
export function allKernels(backend: Backend): Kernels {
  return joined((family) => backend.kernels(family));
}

function joined(kernelsOf: <Some>(family: Family<Some>) => Some): Kernels {
  return {
    ...kernelsOf(rowKernels),
    ...kernelsOf(bagKernels),
    ...kernelsOf(matmulKernels),
    ...kernelsOf(lossKernels),
    ...kernelsOf(stepKernels),
    ...kernelsOf(word2vecKernels),
  };
}
