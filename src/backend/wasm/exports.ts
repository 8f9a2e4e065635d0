/** The modules there are, by what they ask of the engine. */
export type Isa = "simd" | "scalar";

/** A matrix kernel over pointers. */
export type ProductExport = (
  a: number,
  b: number,
  m: number,
  n: number,
  k: number,
  accumulate: number,
  out: number,
) => void;

/** What a module of assembly/index.ts exports. Pointers are byte addresses in its memory. */
export interface Exports {
  gather(
    weight: number,
    numEmbeddings: number,
    embeddingDim: number,
    indices: number,
    numIndices: number,
    out: number,
  ): number;
  gatherSum(
    weight: number,
    numEmbeddings: number,
    embeddingDim: number,
    indices: number,
    numIndices: number,
    positionWeight: number,
    sequenceLength: number,
    start: number,
    out: number,
  ): number;
  scatterAdd(
    gradWeight: number,
    numEmbeddings: number,
    embeddingDim: number,
    indices: number,
    numIndices: number,
    paddingIdx: number,
    gradOut: number,
  ): number;
  matmulNN: ProductExport;
  matmulNT: ProductExport;
  matmulTN: ProductExport;
  stepSGD(
    weight: number,
    momentumBuffer: number,
    numEmbeddings: number,
    embeddingDim: number,
    rows: number,
    numRows: number,
    grad: number,
    lr: number,
    momentum: number,
    undamped: number,
    nesterov: number,
    weightDecay: number,
  ): number;
  stepAdagrad(
    weight: number,
    sum: number,
    numEmbeddings: number,
    embeddingDim: number,
    rows: number,
    numRows: number,
    grad: number,
    lr: number,
    eps: number,
    weightDecay: number,
  ): number;
  stepRowwiseAdagrad(
    weight: number,
    sum: number,
    numEmbeddings: number,
    embeddingDim: number,
    rows: number,
    numRows: number,
    grad: number,
    lr: number,
    eps: number,
    weightDecay: number,
    decoupled: number,
  ): number;
  stepAdam(
    weight: number,
    expAvg: number,
    expAvgSq: number,
    numEmbeddings: number,
    embeddingDim: number,
    rows: number,
    numRows: number,
    grad: number,
    stepSize: number,
    beta1: number,
    gain1: number,
    beta2: number,
    gain2: number,
    rootCorrection: number,
    eps: number,
    weightDecay: number,
    keep: number,
  ): number;
  stepSparseAdam(
    weight: number,
    expAvg: number,
    expAvgSq: number,
    numEmbeddings: number,
    embeddingDim: number,
    rows: number,
    numRows: number,
    grad: number,
    stepSize: number,
    gain1: number,
    gain2: number,
    eps: number,
  ): number;
  heapBase(): number;
}
