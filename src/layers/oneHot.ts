import { maxRows } from "../backend/backend.js";
import { checkWhole } from "../check.js";
import { type Indices, outOfRange, toUint32 } from "../indices.js";
import { newFloats } from "../results.js";

/**
 * Each index as a row of numClasses floats, 1 at the index and 0 elsewhere: `torch.nn.functional.one_hot`, in floats.
 *
 * Times a table it is the lookup: `matmul(oneHot(indices, V), table)` equals `gather`, bit for bit while the table holds no infinity, NaN or
 * -0 (0 x Infinity is NaN, and 0 + -0 is 0).
 *
 * @param indices Integers in [0, numClasses).
 * @param numClasses Floats per row, at least 1.
 * @returns numIndices x numClasses floats.
 * @throws RangeError [ERR_INDEX_OUT_OF_RANGE], [ERR_OUT_OF_RANGE]; TypeError [ERR_INVALID_ARG_TYPE]
 * @example
 * import { oneHot } from "nn-embedding";
 * oneHot([2, 0], 3); // => Float32Array [0, 0, 1, 1, 0, 0]
 */
export function oneHot(indices: Indices, numClasses: number): Float32Array {
  checkWhole("numClasses", numClasses, 1, maxRows);
  const classes = toUint32("indices", indices, numClasses);
  const rows = newFloats(classes.length * numClasses);
  for (let i = 0; i < classes.length; i++) {
    if (classes[i] >= numClasses) throw outOfRange("indices", indices, i, numClasses);
    rows[i * numClasses + classes[i]] = 1;
  }
  return rows;
}
