import { maxStepDim, type Word2VecKernels } from "../backend.js";
import { drawCbow } from "../js/drawCbow.js";
import { drawSkipGram } from "../js/drawSkipGram.js";
import { stepCbow } from "../js/stepCbow.js";
import { stepSkipGram } from "../js/stepSkipGram.js";
import type { Staging } from "./staging.js";

/**
 * The training steps over typed arrays from anywhere. Tables at home are moved where they are, lists that are elsewhere go through the
 * window if they fit; all else the specification does where it lies, with the same bits. Tuples are drawn at home, or by the specification.
 */
export function stagedWord2Vec({ exports, heap, whole: room }: Staging): Word2VecKernels {
  const areHome = (...arrays: readonly (Float32Array | Uint32Array)[]): boolean =>
    arrays.every((each) => heap.holds(each));

  // biome-ignore format: one call a kernel
  return {
    drawSkipGram(...all) {
      const [state, tokens, numTokens, lineEnd, keep, buckets, numEmbeddings, window, numNegatives] = all;
      const [, , , , , , , , , firstLr, tokensBehind, tokensInAll, inputs, outputs, lr, maxTuples] = all;
      if (!areHome(state, tokens, keep, buckets, inputs, outputs, lr)) return drawSkipGram(...all);
      return exports.drawSkipGram(
        state.byteOffset, tokens.byteOffset, numTokens, lineEnd, keep.byteOffset, buckets.byteOffset, numEmbeddings,
        window, numNegatives, firstLr, tokensBehind, tokensInAll,
        inputs.byteOffset, outputs.byteOffset, lr.byteOffset, maxTuples,
      ) >>> 0;
    },

    drawCbow(...all) {
      const [state, tokens, numTokens, lineEnd, keep, buckets, numEmbeddings, window, numNegatives] = all;
      const [, , , , , , , , , firstLr, tokensBehind, tokensInAll, inputs, maxInputs, offsets, outputs, lr, maxTuples] = all;
      if (!areHome(state, tokens, keep, buckets, inputs, offsets, outputs, lr)) return drawCbow(...all);
      return exports.drawCbow(
        state.byteOffset, tokens.byteOffset, numTokens, lineEnd, keep.byteOffset, buckets.byteOffset, numEmbeddings,
        window, numNegatives, firstLr, tokensBehind, tokensInAll,
        inputs.byteOffset, maxInputs, offsets.byteOffset, outputs.byteOffset, lr.byteOffset, maxTuples,
      ) >>> 0;
    },

    stepSkipGram(...all) {
      const [inputWeight, outputWeight, numEmbeddings, dim, inputs, outputs, numTuples, numNegatives, lr] = all;
      const numOutputs = numTuples * (1 + numNegatives);
      const words = room.words(inputs, numTuples) + room.words(outputs, numOutputs) + room.words(lr, numTuples);
      const isHome = heap.holds(inputWeight) && heap.holds(outputWeight);
      if (!isHome || dim > maxStepDim || words > room.capacity) return stepSkipGram(...all);
      room.restart();
      const atInputs = room.carry(inputs, 0, numTuples);
      const atOutputs = room.carry(outputs, 0, numOutputs);
      const atLr = room.carry(lr, 0, numTuples);
      const input = inputWeight.byteOffset;
      const output = outputWeight.byteOffset;
      return exports.stepSkipGram(
        input, output, numEmbeddings, dim, atInputs, atOutputs, numTuples, numNegatives, atLr,
      ) >>> 0;
    },

    stepCbow(...all) {
      const [inputWeight, outputWeight, numEmbeddings, dim, inputs, numInputs, offsets, outputs] = all;
      const [, , , , , , , , numTuples, numNegatives, lr] = all;
      const numOutputs = numTuples * (1 + numNegatives);
      const lists = room.words(inputs, numInputs) + room.words(offsets, numTuples + 1);
      const words = lists + room.words(outputs, numOutputs) + room.words(lr, numTuples);
      const isHome = heap.holds(inputWeight) && heap.holds(outputWeight);
      if (!isHome || dim > maxStepDim || words > room.capacity) return stepCbow(...all);
      room.restart();
      const atInputs = room.carry(inputs, 0, numInputs);
      const atOffsets = room.carry(offsets, 0, numTuples + 1);
      const atOutputs = room.carry(outputs, 0, numOutputs);
      const atLr = room.carry(lr, 0, numTuples);
      const input = inputWeight.byteOffset;
      const output = outputWeight.byteOffset;
      return exports.stepCbow(
        input, output, numEmbeddings, dim, atInputs, numInputs, atOffsets, atOutputs, numTuples, numNegatives, atLr,
      ) >>> 0;
    },
  };
}
