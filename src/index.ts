/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Layers that look rows up, pool them and project back onto the table, with their gradients; random streams; what runs here.
 *
 * @module nn-embedding
 */
export { type BackendInfo, backends } from "./backend/select.js";
export { getNumThreads, setNumThreads } from "./backend/threads.js";
export type { ErrorCode } from "./errors.js";
export type { FloatTensor } from "./floatTensor.js";
export type { DenseGradient, SparseGradient } from "./gradient.js";
export type { Indices, NestedIndices } from "./indices.js";
export type { Bag, BagInput, IndexedBags } from "./layers/bags.js";
export { Embedding, type EmbeddingOptions, type PretrainedOptions } from "./layers/embedding.js";
export {
  type BagGradients,
  type BagMode,
  EmbeddingBag,
  type EmbeddingBagOptions,
  type PretrainedBagOptions,
} from "./layers/embeddingBag.js";
export { Linear, type LinearOptions, type PretrainedLinearOptions } from "./layers/linear.js";
export type { Loss, LossOptions, Reduction } from "./layers/lossOptions.js";
export { type MatmulOptions, matmul } from "./layers/matmul.js";
export { oneHot } from "./layers/oneHot.js";
export type { SampledLossOptions } from "./layers/sampledLoss.js";
export type { Sequences } from "./layers/sequences.js";
export {
  type PretrainedTokenPositionOptions,
  TokenPositionEmbedding,
  type TokenPositionEmbeddingOptions,
} from "./layers/tokenPositionEmbedding.js";
export type { TopK } from "./layers/topK.js";
export type { TrainableRows } from "./layers/trainableRows.js";
export { Unembedding, type UnembeddingOptions } from "./layers/unembedding.js";
export type { Parameter } from "./parameter.js";
export { AliasSampler, type AliasSamplerOptions } from "./random/alias.js";
export { Generator, manualSeed } from "./random/generator.js";
