/** nn-embedding/checkpoint: tables from and to bytes. Reading and writing files is nn-embedding/checkpoint/file. */
export type { Dtype, DtypeArrays, TensorData } from "./dtype.js";
export {
  type Checkpoint,
  decodeSafetensors,
  encodeSafetensors,
  type Tensor,
  type TensorSource,
  type TensorSources,
} from "./safetensors.js";
