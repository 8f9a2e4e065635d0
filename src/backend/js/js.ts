import { rangeError } from "../../errors.js";
import type { Backend, Block, Candidate, Kernels } from "../backend.js";
import { gather } from "./gather.js";
import { gatherSum } from "./gatherSum.js";
import { matmulNN } from "./matmulNN.js";
import { matmulNT } from "./matmulNT.js";
import { matmulTN } from "./matmulTN.js";
import { scatterAdd } from "./scatterAdd.js";
import { stepAdagrad } from "./stepAdagrad.js";
import { stepAdam } from "./stepAdam.js";
import { stepRowwiseAdagrad } from "./stepRowwiseAdagrad.js";
import { stepSGD } from "./stepSGD.js";
import { stepSparseAdam } from "./stepSparseAdam.js";

/** The kernels in plain TypeScript: the specification, and the fastest way to do very little. */
export const specification: Kernels = {
  ...{ gather, gatherSum, scatterAdd, matmulNN, matmulNT, matmulTN },
  ...{ stepSGD, stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam },
};

const backend: Backend = {
  name: "js",
  isa: "scalar",
  kernels: specification,
  callCost: 0,
  allocate(byteLength: number): Block {
    return new ArrayBufferBlock(byteLength);
  },
  moves: () => false,
};

/** The backend that is always there. */
export const candidates: readonly Candidate[] = [{ name: "js", isa: "scalar", open: () => backend }];

class ArrayBufferBlock implements Block {
  #memory: ArrayBuffer;

  constructor(byteLength: number) {
    try {
      this.#memory = new ArrayBuffer(byteLength);
    } catch {
      throw rangeError(
        "ERR_OUT_OF_MEMORY",
        `byteLength is ${byteLength}, expected what this JavaScript engine can allocate`,
      );
    }
  }

  get byteLength(): number {
    return this.#memory.byteLength;
  }

  f32(byteOffset = 0, length?: number): Float32Array {
    return new Float32Array(this.#memory, byteOffset, length);
  }

  u32(byteOffset = 0, length?: number): Uint32Array {
    return new Uint32Array(this.#memory, byteOffset, length);
  }

  dispose(): void {
    this.#memory = new ArrayBuffer(0);
  }
}
