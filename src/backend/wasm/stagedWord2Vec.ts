import { type Kernels, maxStepDim } from "../backend.js";
import { stepCbow } from "../js/stepCbow.js";
import { stepSkipGram } from "../js/stepSkipGram.js";
import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";

/**
 * The training steps over typed arrays from anywhere. Tables at home are moved where they are, lists that are elsewhere go through the
 * window if they fit; all else the specification does where it lies, with the same bits.
 */
export function stagedWord2Vec(
  exports: Exports,
  heap: Heap,
  window: number,
  windowBytes: number,
): Pick<Kernels, "stepSkipGram" | "stepCbow"> {
  const end = window + windowBytes;
  let room = window;

  /** Where the first `length` words of a list are, or undefined when there is no room for them. */
  const place = (list: Uint32Array | Float32Array, length: number): number | undefined => {
    if (heap.holds(list)) return list.byteOffset;
    const at = room;
    if (at + length * 4 > end) return undefined;
    room += length * 4;
    (list instanceof Float32Array ? heap.f32 : heap.u32).set(
      list.length === length ? list : list.subarray(0, length),
      at >>> 2,
    );
    return at;
  };

  return {
    stepSkipGram(inputWeight, outputWeight, numEmbeddings, embeddingDim, inputs, outputs, numTuples, numNegatives, lr) {
      if (heap.holds(inputWeight) && heap.holds(outputWeight) && embeddingDim <= maxStepDim) {
        room = window;
        const atInputs = place(inputs, numTuples);
        const atOutputs = place(outputs, numTuples * (1 + numNegatives));
        const atLr = place(lr, numTuples);
        if (atInputs !== undefined && atOutputs !== undefined && atLr !== undefined) {
          const tables = [inputWeight.byteOffset, outputWeight.byteOffset, numEmbeddings, embeddingDim] as const;
          return exports.stepSkipGram(...tables, atInputs, atOutputs, numTuples, numNegatives, atLr) >>> 0;
        }
      }
      const tables = [inputWeight, outputWeight, numEmbeddings, embeddingDim] as const;
      return stepSkipGram(...tables, inputs, outputs, numTuples, numNegatives, lr);
    },

    stepCbow(
      ...[
        inputWeight,
        outputWeight,
        numEmbeddings,
        embeddingDim,
        inputs,
        numInputs,
        offsets,
        outputs,
        ...rest
      ]: Parameters<Kernels["stepCbow"]>
    ) {
      const [numTuples, numNegatives, lr] = rest;
      if (heap.holds(inputWeight) && heap.holds(outputWeight) && embeddingDim <= maxStepDim) {
        room = window;
        const atInputs = place(inputs, numInputs);
        const atOffsets = place(offsets, numTuples + 1);
        const atOutputs = place(outputs, numTuples * (1 + numNegatives));
        const atLr = place(lr, numTuples);
        if (atInputs !== undefined && atOffsets !== undefined && atOutputs !== undefined && atLr !== undefined) {
          const tables = [inputWeight.byteOffset, outputWeight.byteOffset, numEmbeddings, embeddingDim] as const;
          const lists = [atInputs, numInputs, atOffsets, atOutputs, numTuples, numNegatives, atLr] as const;
          return exports.stepCbow(...tables, ...lists) >>> 0;
        }
      }
      const tables = [inputWeight, outputWeight, numEmbeddings, embeddingDim] as const;
      return stepCbow(...tables, inputs, numInputs, offsets, outputs, numTuples, numNegatives, lr);
    },
  };
}
