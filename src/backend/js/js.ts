import { ArrayBufferBlock } from "../arrayBufferBlock.js";
import type { Backend, Candidate } from "../backend.js";

const backend: Backend = {
  name: "js",
  isa: "scalar",
  kernels: (family) => family.specification,
  callCost: 0,
  allocate: (byteLength) => new ArrayBufferBlock(byteLength),
  moves: () => false,
};

/** The backend that is always there: the specification. */
export const candidates: readonly Candidate[] = [{ name: "js", isa: "scalar", open: () => backend }];
