/**
 * Tables from and to bytes, in every runtime. Reading and writing files is `nn-embedding/checkpoint/file`.
 *
 * @module nn-embedding/checkpoint
 */
export type { Dtype, DtypeArrays, TensorData } from "./dtype.js";
export {
  type Checkpoint,
  decodeSafetensors,
  encodeSafetensors,
  type Tensor,
  type TensorSource,
  type TensorSources,
} from "./safetensors.js";
