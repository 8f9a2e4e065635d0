import type { Family, Word2VecKernels } from "../backend.js";
import { drawCbow } from "../js/drawCbow.js";
import { drawSkipGram } from "../js/drawSkipGram.js";
import { stepCbow } from "../js/stepCbow.js";
import { stepSkipGram } from "../js/stepSkipGram.js";
import { stagedWord2Vec } from "../wasm/stagedWord2Vec.js";

/** Kernels that draw word2vec's tuples and step through them. */
export const word2vecKernels: Family<Word2VecKernels> = {
  specification: { stepSkipGram, stepCbow, drawSkipGram, drawCbow },
  staged: stagedWord2Vec,
};
