import type { Backend, Limits } from "../../backend/backend.js";
import type { Task } from "./measure.js";
import type { Job } from "./peers/job.js";

/** What is timed, by the names of the command line: each is a file of families/. */
export const familyNames = [
  "gather",
  "bags",
  "matmul",
  "scatter-add",
  "step",
  "loss",
  "top-k",
  "small",
  "staging",
] as const;
export type FamilyName = (typeof familyNames)[number];

/**
 * The work of one call: floating-point operations of a product, a multiplication and an addition for each term; else bytes, each once
 * where it is read and once where it is written, whatever caches and copies make of it.
 */
export interface Work {
  readonly amount: number;
  readonly unit: "GFLOP/s" | "GB/s";
}

/** How a case is to be prepared. */
export interface Wants {
  /** Whether plain JavaScript takes part. */
  readonly plain: boolean;
  /** What the machine can do, where that is to be shown. */
  readonly limits?: Limits | undefined;
  /** How many threads there are for ours, the peers and the limits. */
  readonly threads: number;
}

/** One shape of one kind of work. */
export interface Case {
  readonly family: FamilyName;
  /** A name means the same shape wherever figures of this package are told. */
  readonly name: string;
  readonly means: string;
  /** The shape in a few words. */
  readonly shape: string;
  /** The same as data. */
  readonly sizes: Readonly<Record<string, number | string>>;
  readonly work: Work;
  /** How many bytes preparing it takes, and holding it. */
  bytes(implementations: readonly Backend[]): number;
  /** Throws when an implementation gives other bits than the specification. */
  prepare(implementations: readonly Backend[], wants: Wants): Prepared;
}

/** A case with its memory laid out and every implementation's bits looked at: ready to be timed. */
export interface Prepared {
  readonly tasks: readonly Task[];
  /** The tasks that are plain JavaScript: the fastest of them is what the others are compared with. */
  readonly plain: readonly string[];
  /** The tasks that are what the machine can do: the slowest of them is the limit. */
  readonly limits: readonly string[];
  /** What the reader of the figures should know. */
  readonly notes: readonly string[];
  /** Bytes that a call takes at its peak beside what it is given and gives, by label, where that was looked at. */
  readonly memory?: Readonly<Record<string, number>> | undefined;
  /** The same work for whoever else can do it. */
  readonly job?: Job | undefined;
  dispose(): void;
}

/** Sizes from the command line; those that are not told are the family's own. */
export interface CustomSizes {
  readonly rows?: number | undefined;
  readonly dim?: number | undefined;
  readonly batch?: number | undefined;
}

/** What a file of families/ gives. */
export interface Family {
  readonly name: FamilyName;
  /** What is timed and what the figures mean. */
  readonly legend: string;
  readonly cases: readonly Case[];
  /** A case of one's own. */
  readonly custom?: (sizes: CustomSizes) => Case;
}

/** Tables that several families have in common. */
export const gpt2 = { rows: 50257, dim: 768 };
export const million = { rows: 1_000_000, dim: 64 };

/** Every case draws from a generator of its own with this seed, so that its inputs do not depend on which cases ran before. */
export const seed = 1;

/** A number with commas. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
