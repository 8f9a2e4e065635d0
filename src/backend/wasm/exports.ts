import type { Kernels } from "../backend.js";

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

type Pointers<Parameters extends readonly unknown[]> = { [each in keyof Parameters]: number };

/** A kernel of bags over pointers; an array of nothing is the pointer 0. */
export type BagExport<Name extends "gatherBags" | "scatterAddBags" | "scatterAddMaxBags" | "dotBags"> = (
  ...parameters: Pointers<Parameters<Kernels[Name]>>
) => number;

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
  gatherBags: BagExport<"gatherBags">;
  scatterAddBags: BagExport<"scatterAddBags">;
  scatterAddMaxBags: BagExport<"scatterAddMaxBags">;
  dotBags: BagExport<"dotBags">;
  matmulNN: ProductExport;
  matmulNT: ProductExport;
  matmulTN: ProductExport;
  sumExponentials(statistics: number, logits: number, numRows: number, numColumns: number, bias: number): void;
  softmaxGradient(logits: number, numRows: number, numColumns: number, bias: number, coefficients: number): void;
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
  stepSkipGram(
    inputWeight: number,
    outputWeight: number,
    numEmbeddings: number,
    embeddingDim: number,
    inputs: number,
    outputs: number,
    numTuples: number,
    numNegatives: number,
    lr: number,
  ): number;
  stepCbow(
    inputWeight: number,
    outputWeight: number,
    numEmbeddings: number,
    embeddingDim: number,
    inputs: number,
    numInputs: number,
    offsets: number,
    outputs: number,
    numTuples: number,
    numNegatives: number,
    lr: number,
  ): number;
  heapBase(): number;
}
