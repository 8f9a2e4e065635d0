import { noFloats } from "../backend/backend.js";
import { checkLength, checkMultiple, checkWhole, isFloats, lost } from "../check.js";
import { rangeError, show, typeError } from "../errors.js";
import { checkIndex, checkIndices, type Indices, toUint32, unshared } from "../indices.js";

/** The indices of one bag: a plain array, or a typed array of integers. */
export type Bag = readonly number[] | Exclude<Indices, readonly unknown[]>;

/** Bags that lie in one list of indices: where each starts, or how many indices each has. */
export interface IndexedBags {
  /** Integers in [0, numEmbeddings), in reading order; with neither `offsets` nor `bagSize` a list of bags. */
  indices: Indices | readonly Bag[];
  /** Where each bag starts; the first is 0. With `includeLastOffset` also where the last one ends. */
  offsets?: Indices | undefined;
  /** Or: how many indices each bag has. */
  bagSize?: number | undefined;
  /** What each row is multiplied by, in the shape of the indices or flat. */
  perSampleWeights?: Float32Array | readonly number[] | readonly (readonly number[])[] | undefined;
}

/** What an {@link EmbeddingBag} takes: a list of bags of any lengths, or {@link IndexedBags}. */
export type BagInput = readonly Bag[] | IndexedBags;

/** Every form of input as the kernels want it. Use it at once: the rows may be the caller's memory. */
export interface Bags {
  readonly rows: Uint32Array;
  /** numBags + 1, ascending. */
  readonly offsets: Uint32Array;
  readonly numBags: number;
  /** One per row, or none at all. */
  readonly sampleWeights: Float32Array;
  readonly isWeighted: boolean;
  /** What the caller wrote, to be told of when a kernel refuses an index. */
  readonly told: Indices;
}

const keys = ["indices", "offsets", "bagSize", "perSampleWeights"];

/** The input in its one form. Indices of integer typed arrays are left to the kernel, as {@link toUint32} leaves them; all else is checked. */
export function toBags(input: BagInput, numEmbeddings: number, includeLastOffset: boolean): Bags {
  if (Array.isArray(input)) return flatten("input", input, numEmbeddings);
  if (typeof input !== "object" || input === null || ArrayBuffer.isView(input)) {
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `input is ${show(input)}, expected an array of bags, { indices, offsets } or { indices, bagSize }`,
    );
  }
  for (const key of Object.keys(input)) {
    if (keys.includes(key)) continue;
    throw typeError("ERR_INVALID_ARG_TYPE", `input has ${show(key)}, expected only ${keys.join(", ")}`);
  }
  const { indices, offsets, bagSize, perSampleWeights } = input as IndexedBags;
  if (offsets !== undefined && bagSize !== undefined) {
    throw typeError("ERR_INVALID_ARG_TYPE", "input has offsets and bagSize, expected one of them");
  }
  if (offsets === undefined && bagSize === undefined) {
    if (!Array.isArray(indices)) {
      throw typeError(
        "ERR_INVALID_ARG_TYPE",
        `indices is ${show(indices)}, expected an array of bags, or offsets or bagSize beside it`,
      );
    }
    const flat = flatten("indices", indices, numEmbeddings);
    return perSampleWeights === undefined
      ? flat
      : { ...flat, ...weigh(perSampleWeights, flat.rows.length, indices as Bag[]) };
  }
  if (bagSize !== undefined) checkWhole("bagSize", bagSize, 1);
  const told = indices as Indices;
  const found = toUint32("indices", told, numEmbeddings);
  // Offsets and weights may have getters that look something up themselves: a scratch array would not outlive that.
  const rows = Array.isArray(told) ? found.slice() : unshared(found);
  const numIndices = rows.length;
  const ends =
    offsets === undefined ? everySo(bagSize!, numIndices) : checkOffsets(offsets, numIndices, includeLastOffset);
  const weights = weigh(perSampleWeights, numIndices);
  // Nor does the caller's own array, when it is such a getter that takes its memory away.
  if (rows.length !== numIndices) throw lost("indices", told as Uint32Array);
  return { rows, told, offsets: ends, numBags: ends.length - 1, ...weights };
}

const unweighted = { sampleWeights: noFloats, isWeighted: false };

/** A list of bags, one behind the other, without weights. */
function flatten(name: string, given: readonly Bag[], numEmbeddings: number): Bags {
  const numBags = given.length;
  const bags = new Array<Bag>(numBags); // each is looked at twice, and must be the same
  const offsets = new Uint32Array(numBags + 1);
  let numIndices = 0;
  for (let b = 0; b < numBags; b++) {
    const bag: unknown = given[b];
    if (!Array.isArray(bag)) checkIndices(`${name}[${b}]`, bag);
    bags[b] = bag as Bag;
    numIndices += (bag as Bag).length;
    offsets[b + 1] = numIndices;
  }
  const rows = new Uint32Array(numIndices);
  for (let b = 0, to = 0; b < numBags; b++) {
    const bag = bags[b];
    const count = offsets[b + 1] - offsets[b]; // what a getter in another bag took away is undefined
    for (let i = 0; i < count; i++) {
      const index = bag[i];
      const isRow = typeof index === "number" && index >>> 0 === index && index < numEmbeddings;
      rows[to++] = isRow ? index : checkIndex(`${name}[${b}]`, i, index, numEmbeddings);
    }
  }
  return { rows, told: rows, offsets, numBags, sampleWeights: noFloats, isWeighted: false };
}

/** The ends of bags of one size. */
function everySo(bagSize: number, numIndices: number): Uint32Array {
  checkMultiple("indices", numIndices, bagSize, "bagSize");
  const ends = new Uint32Array(numIndices / bagSize + 1);
  for (let b = 1; b < ends.length; b++) ends[b] = b * bagSize;
  return ends;
}

/** The caller's offsets with the end of the last bag behind them. The first that is wrong is told. */
function checkOffsets(offsets: Indices, numIndices: number, includeLastOffset: boolean): Uint32Array {
  checkIndices("offsets", offsets);
  const given = offsets.length;
  if (includeLastOffset && given === 0) {
    throw rangeError("ERR_INVALID_LENGTH", "offsets.length is 0, expected at least 1 with includeLastOffset");
  }
  const ends = new Uint32Array(includeLastOffset ? given : given + 1);
  ends[ends.length - 1] = numIndices;
  for (let b = 0, least = 0; b < given; b++) {
    const offset: unknown = offsets[b];
    const isNumber = typeof offset === "number" || typeof offset === "bigint";
    const value = isNumber ? Number(offset) : Number.NaN;
    if (!Number.isInteger(value) || value < least || value > (b === 0 ? 0 : numIndices)) {
      const expected = b === 0 ? "0" : `an integer in [${least}, ${numIndices}]`;
      const message = `offsets[${b}] is ${show(offset)}, expected ${expected}`;
      throw isNumber ? rangeError("ERR_OUT_OF_RANGE", message) : typeError("ERR_INVALID_ARG_TYPE", message);
    }
    ends[b] = least = value;
  }
  return ends;
}

/** One weight per row. `bags` are the lists that nested weights must have the shape of. */
function weigh(
  given: IndexedBags["perSampleWeights"],
  numIndices: number,
  bags?: readonly Bag[],
): Pick<Bags, "sampleWeights" | "isWeighted"> {
  if (given === undefined) return unweighted;
  const name = "perSampleWeights";
  if (!Array.isArray(given)) {
    checkLength(name, given, numIndices, "numIndices");
    return { sampleWeights: given, isWeighted: true };
  }
  const flat: unknown[] = [];
  const isNested = given.some((each) => Array.isArray(each) || isFloats(each));
  if (isNested && bags !== undefined) checkWeightsLength(name, given.length, bags.length, "indices.length");
  given.forEach((each: unknown, b) => {
    if (!Array.isArray(each) && !isFloats(each)) flat.push(checkWeight(`${name}[${b}]`, each));
    else {
      if (bags !== undefined) checkWeightsLength(`${name}[${b}]`, each.length, bags[b].length, `indices[${b}].length`);
      for (let i = 0; i < each.length; i++) flat.push(checkWeight(`${name}[${b}][${i}]`, each[i]));
    }
  });
  checkWeightsLength(name, flat.length, numIndices, "numIndices");
  return { sampleWeights: Float32Array.from(flat as number[]), isWeighted: true };
}

function checkWeight(name: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(value)}, expected a number`);
}

function checkWeightsLength(name: string, length: number, expected: number, what: string): void {
  if (length === expected) return;
  throw rangeError("ERR_INVALID_LENGTH", `${name}.length is ${length}, expected ${expected} = ${what}`);
}
