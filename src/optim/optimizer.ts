import { checkCount, checkNumber, isFloats } from "../check.js";
import { show, typeError } from "../errors.js";
import type { DenseGradient, SparseGradient } from "../gradient.js";
import type { Parameter } from "../parameter.js";

/** What an optimizer remembers of one parameter: whole arrays by name, and how many steps it took. */
export interface ParameterState {
  step: number;
  [array: string]: Float32Array | number;
}

/** What {@link Optimizer.stateDict} gives: plain values, in the order of the parameters. */
export interface OptimizerState {
  /** The options by name: lr and the others. */
  readonly options: Readonly<Record<string, number>>;
  /** One entry a parameter; null for one that never stepped. */
  readonly parameters: readonly (ParameterState | null)[];
}

/**
 * What all optimizers share: a list of parameters, one step over each that has a gradient. A sparse gradient moves its rows and nothing else.
 */
export abstract class Optimizer {
  /** Learning rate and the like; may be changed between steps. */
  readonly options: Record<string, number>;
  readonly #parameters: readonly Parameter[];
  readonly #states: (ParameterState | null)[];
  /** `parameter.resizes` when the state was made or last fitted. */
  readonly #resizes: number[];

  /** @internal */
  protected constructor(parameters: Iterable<Parameter>, options: Record<string, number>) {
    this.#parameters = checkParameters(parameters);
    this.#states = this.#parameters.map(() => null);
    this.#resizes = this.#parameters.map(({ resizes }) => resizes);
    this.options = options;
  }

  /** Moves every parameter that has a gradient and wants one. Gradients stay: see {@link zeroGrad}. */
  step(): void {
    for (const parameter of this.#parameters) parameter.data; // throws when disposed of, before anything moves
    this.#parameters.forEach((parameter, p) => {
      const { grad } = parameter;
      if (grad === null || !parameter.requiresGrad) return;
      const state = this.#stateOf(parameter, p);
      state.step++;
      this.update(parameter, grad, state);
    });
  }

  /** The state of a parameter; after a resize the rows it kept keep theirs, and those behind them begin anew. */
  #stateOf(parameter: Parameter, p: number): ParameterState {
    const old = this.#states[p];
    const kept = parameter.rowsKeptSince(this.#resizes[p]);
    if (old !== null && this.#resizes[p] === parameter.resizes) return old;
    const state = this.initialState(parameter);
    for (const [name, value] of Object.entries(old ?? {})) {
      const entry = state[name];
      if (typeof value === "number" || typeof entry === "number") state[name] = value;
      else entry.set(value.subarray(0, (entry.length / parameter.shape[0]) * kept));
    }
    this.#states[p] = state;
    this.#resizes[p] = parameter.resizes;
    return state;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.#parameters) parameter.zeroGrad();
  }

  /** A copy of the options and of all that is remembered, to go on from later. */
  stateDict(): OptimizerState {
    const states = this.#parameters.map((each, p) => (this.#states[p] === null ? null : this.#stateOf(each, p)));
    return { options: { ...this.options }, parameters: states.map(copyState) };
  }

  /**
   * Goes on from a {@link stateDict} of an optimizer of this kind over parameters of the same shapes.
   *
   * @throws TypeError [ERR_INVALID_ARG_TYPE] when it does not fit; nothing is changed then.
   */
  loadStateDict(state: OptimizerState): void {
    const expected = this.#parameters.map((parameter) => this.initialState(parameter));
    if (!Array.isArray(state?.parameters) || state.parameters.length !== expected.length) {
      throw typeError("ERR_INVALID_ARG_TYPE", `state is ${show(state)}, expected one of ${expected.length} parameters`);
    }
    const states = (state.parameters as OptimizerState["parameters"]).map((each, p) =>
      checkState(each, expected[p], p),
    );
    for (const name of Object.keys(this.options)) checkNumber(`state.options.${name}`, state.options?.[name], 0);
    for (const name of Object.keys(this.options)) this.options[name] = state.options[name];
    states.forEach((each, p) => {
      this.#states[p] = each;
      this.#resizes[p] = this.#parameters[p].resizes;
    });
  }

  /** @internal What is remembered of a parameter before its first step. */
  protected abstract initialState(parameter: Parameter): ParameterState;

  /** @internal One step of one parameter. */
  protected abstract update(parameter: Parameter, grad: DenseGradient | SparseGradient, state: ParameterState): void;
}

/**
 * @internal Calls `move(at, from, length)` for every stretch of a parameter that the gradient covers: values[from …] of the gradient
 * belong to data[at …]. Rows that may not move are in none.
 */
export function forEachStretch(
  parameter: Parameter,
  grad: DenseGradient | SparseGradient,
  move: (at: number, from: number, length: number) => void,
): void {
  const numColumns = grad.shape[1];
  if (grad.kind === "dense") {
    for (const [start, end] of parameter.trainableStretches()) {
      move(start * numColumns, start * numColumns, (end - start) * numColumns);
    }
    return;
  }
  grad.rows.forEach((row, r) => {
    move(row * numColumns, r * numColumns, numColumns);
  });
}

function checkParameters(parameters: Iterable<Parameter>): readonly Parameter[] {
  if (typeof (parameters as Partial<Iterable<Parameter>> | null)?.[Symbol.iterator] !== "function") {
    throw typeError("ERR_INVALID_ARG_TYPE", `parameters is ${show(parameters)}, expected an array of Parameters`);
  }
  const list = [...parameters];
  list.forEach((parameter, p) => {
    if (typeof parameter?.zeroGrad !== "function") {
      throw typeError("ERR_INVALID_ARG_TYPE", `parameters[${p}] is ${show(parameter)}, expected a Parameter`);
    }
    if (list.indexOf(parameter) < p) {
      const first = list.indexOf(parameter);
      throw typeError("ERR_INVALID_ARG_TYPE", `parameters[${p}] is parameters[${first}] again, expected each once`);
    }
  });
  return list;
}

function copyState(state: ParameterState | null): ParameterState | null {
  if (state === null) return null;
  const entries = Object.entries(state).map(([name, value]) => [
    name,
    typeof value === "number" ? value : value.slice(),
  ]);
  return Object.fromEntries(entries) as ParameterState;
}

/** A copy of a state's entries that `expected` has, once each is of its kind and size. */
function checkState(state: ParameterState | null, expected: ParameterState, p: number): ParameterState | null {
  if (state === null) return null;
  const name = `state.parameters[${p}]`;
  if (typeof state !== "object") {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(state)}, expected an object or null`);
  }
  const known = {} as ParameterState;
  for (const [entry, value] of Object.entries(expected)) {
    const given: unknown = state[entry];
    if (typeof value === "number") checkCount(`${name}.${entry}`, given);
    else if (!isFloats(given) || given.length !== value.length) {
      const wanted = `a Float32Array(${value.length})`;
      throw typeError("ERR_INVALID_ARG_TYPE", `${name}.${entry} is ${show(given)}, expected ${wanted}`);
    }
    known[entry] = given;
  }
  return copyState(known);
}
