import type { Backend, Block, Kernels } from "../../backend/backend.js";
import type { Call } from "../../backend/calls.js";
import { Generator } from "../../random/generator.js";
import { firstDifference } from "../floats.js";
import { allKernels, specification } from "../kernels.js";
import { kernelCalls } from "./kernelCalls.js";

/** What was compared with the specification, and what is wrong, or null. */
export interface SelfCheck {
  /** How many kernels. */
  readonly kernels: number;
  /** How many calls of them. */
  readonly calls: number;
  readonly wrong: string | null;
}

type List = Float32Array | Uint32Array;
const isList = (parameter: unknown): parameter is List => ArrayBuffer.isView(parameter);

/** Calls every kernel, with arrays of the caller's and with arrays in the backend's memory, and compares all that comes of it bit by bit. */
export function selfCheck(backend: Backend): SelfCheck {
  const kernels = allKernels(backend);
  const all = kernelCalls(new Generator(1));
  const counts = { kernels: new Set(all.map(([name]) => name)).size, calls: 2 * all.length };
  try {
    for (const call of all) {
      checkCall(kernels, call, (lists) => lists.map((list) => list.slice()));
      const block = backend.allocate(call[1].reduce<number>((sum, each) => sum + (isList(each) ? room(each) : 0), 0));
      try {
        checkCall(kernels, call, (lists) => placed(lists, block));
      } finally {
        block.dispose();
      }
    }
    return { ...counts, wrong: null };
  } catch (error) {
    return { ...counts, wrong: error instanceof Error ? error.message : String(error) };
  }
}

/** Throws unless a call does to copies, which `copy` makes, what the specification does. */
function checkCall(kernels: Kernels, [name, parameters]: Call, copy: (lists: List[]) => List[]): void {
  const make = (by: Kernels, copies: List[]) => {
    let next = 0;
    const given = parameters.map((each) => (isList(each) ? copies[next++] : each));
    return (by[name] as (...given: unknown[]) => unknown)(...given);
  };
  const given = (parameters as readonly unknown[]).filter(isList);
  const expected = given.map((list) => list.slice());
  const actual = copy(given);
  const [count, told] = [make(specification, expected), make(kernels, actual)];
  if (told !== count) throw new Error(`${name}: it tells of ${told}, expected ${count}`);
  expected.forEach((list, i) => {
    const at = firstDifference(actual[i], list);
    if (at < 0) return;
    throw new Error(`${name}: array ${i}, value ${at} is ${actual[i][at]}, expected ${list[at]} (bit for bit)`);
  });
}

/** Bytes for a list, so that the next one begins where a vector may. */
function room({ byteLength }: List): number {
  return Math.ceil(byteLength / 64) * 64;
}

/** Copies of lists in a block; one of nothing stays what it is, for it stands for none. */
function placed(lists: List[], block: Block): List[] {
  let offset = 0;
  return lists.map((list) => {
    if (list.length === 0) return list;
    const view = list instanceof Float32Array ? block.f32(offset, list.length) : block.u32(offset, list.length);
    view.set(list);
    offset += room(list);
    return view;
  });
}
