import { floatBytes } from "../allocate.js";
import type { Block } from "../backend/backend.js";
import { checkWhole, isFloats } from "../check.js";
import { show, typeError } from "../errors.js";
import type { Parameter } from "../parameter.js";
import { copyFloats } from "../results.js";

/** What an optimizer remembers of one parameter: how many steps it took, and arrays by name. */
export interface ParameterState {
  /** How many steps it took. */
  step: number;
  /** Arrays by name, such as `expAvg`. */
  [array: string]: Float32Array | number;
}

/** An array that goes along with a parameter: a float for each element, or for each row, and what it starts with. */
export interface StateArray {
  readonly name: string;
  readonly perRow?: true;
  readonly initial?: number;
  /** Whether a state may lack it, for it is made by the first step that asks for it. */
  readonly optional?: true;
}

/** A {@link ParameterState} in the memory of the parameter's backend, where its kernels have it at home. */
export class State {
  step = 0;
  /** Whether an array was made since the last step. */
  isFresh = false;
  readonly #parameter: Parameter;
  readonly #kept = new Map<string, { readonly array: StateArray; readonly block: Block; readonly length: number }>();
  /** `parameter.resizes` when the arrays last fitted. */
  #resizes: number;

  constructor(parameter: Parameter) {
    this.#parameter = parameter;
    this.#resizes = parameter.resizes;
  }

  /**
   * Makes the arrays that are not there yet and forgets those that are asked for no more; after a resize the rows that were kept keep
   * theirs, and those behind them begin anew.
   */
  prepare(arrays: readonly StateArray[]): void {
    this.#followResize();
    for (const [name, { block }] of this.#kept) {
      if (arrays.some((array) => array.name === name)) continue;
      block.dispose();
      this.#kept.delete(name);
    }
    for (const array of arrays) {
      if (this.#kept.has(array.name)) continue;
      this.#make(array, 0);
      this.isFresh = true;
    }
  }

  #followResize(): void {
    const { resizes } = this.#parameter;
    if (resizes === this.#resizes) return;
    const numRows = this.#parameter.rowsKeptSince(this.#resizes);
    for (const { array } of this.#kept.values()) this.#make(array, numRows);
    this.#resizes = resizes;
  }

  #make(array: StateArray, keptRows: number): void {
    const { name, initial = 0 } = array;
    const length = lengthOf(array, this.#parameter);
    const block = this.#parameter.backend.allocate(length * floatBytes);
    const earlier = this.#kept.get(name);
    const numKept = keptRows * widthOf(array, this.#parameter);
    if (initial !== 0) block.f32(0, length).fill(initial, numKept);
    if (earlier) block.f32(0, numKept).set(earlier.block.f32(0, numKept));
    earlier?.block.dispose();
    this.#kept.set(name, { array, block, length });
  }

  /** A view of each array by name: valid until the backend's next `allocate`. */
  get views(): Record<string, Float32Array> {
    const views: Record<string, Float32Array> = {};
    for (const [name, { block, length }] of this.#kept) views[name] = block.f32(0, length);
    return views;
  }

  /** Copies of those of the arrays that are there, or null before the first step. */
  toPlain(arrays: readonly StateArray[]): ParameterState | null {
    if (this.step === 0) return null;
    this.#followResize();
    const asked = Object.entries(this.views).filter(([name]) => arrays.some((array) => array.name === name));
    return { step: this.step, ...Object.fromEntries(asked.map(([name, view]) => [name, copyFloats(view)])) };
  }

  /** Takes over what {@link checkState} let pass. */
  load(arrays: readonly StateArray[], { step, ...values }: ParameterState): void {
    this.prepare(arrays.filter(({ name }) => name in values));
    for (const [name, view] of Object.entries(this.views)) view.set(values[name] as Float32Array);
    this.step = step;
    this.isFresh = false;
  }

  dispose(): void {
    for (const { block } of this.#kept.values()) block.dispose();
    this.#kept.clear();
  }
}

/** A copy of a state that was given from outside, once it has the arrays asked for and no other. */
export function checkState(
  name: string,
  state: unknown,
  arrays: readonly StateArray[],
  parameter: Parameter,
): ParameterState | null {
  if (state === null) return null;
  if (typeof state !== "object") {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(state)}, expected an object or null`);
  }
  const given = state as Record<string, unknown>;
  const { step } = given;
  checkWhole(`${name}.step`, step, 1);
  const names = ["step", ...arrays.map((array) => array.name)];
  const stranger = Object.keys(given).find((key) => !names.includes(key));
  if (stranger !== undefined) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} has ${show(stranger)}, expected only ${names.join(", ")}`);
  }
  const copy: ParameterState = { step };
  for (const array of arrays) {
    const values = given[array.name];
    if (values === undefined && array.optional) continue;
    const length = lengthOf(array, parameter);
    if (!isFloats(values) || values.length !== length) {
      const expected = `a Float32Array(${length})`;
      throw typeError("ERR_INVALID_ARG_TYPE", `${name}.${array.name} is ${show(values)}, expected ${expected}`);
    }
    copy[array.name] = values.slice();
  }
  return copy;
}

function widthOf({ perRow }: StateArray, { shape }: Parameter): number {
  return perRow ? 1 : shape[1];
}

function lengthOf(array: StateArray, parameter: Parameter): number {
  return parameter.shape[0] * widthOf(array, parameter);
}
