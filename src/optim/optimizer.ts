import type { StepKernels } from "../backend/backend.js";
import { noRows } from "../backend/backend.js";
import { stepKernels } from "../backend/families/steps.js";
import { kernelsFor } from "../backend/select.js";
import { checkOptions } from "../check.js";
import { show, typeError } from "../errors.js";
import type { DenseGradient, SparseGradient } from "../gradient.js";
import { inspect } from "../inspect.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import { copyOption, type Group, type OptionRules, type ParametersOrGroups, toGroups } from "./options.js";
import { checkState, type ParameterState, State, type StateArray } from "./state.js";

/** What {@link Optimizer.stateDict} gives: plain values and Float32Arrays, nothing of which is shared with the optimizer. */
export interface OptimizerState {
  /** The options of each group by name, and which of `parameters` belong to it. */
  readonly groups: readonly {
    /** Every option by name, those by default too. */
    readonly options: Readonly<Record<string, unknown>>;
    /** Positions in `parameters` below. */
    readonly parameters: readonly number[];
  }[];
  /** One entry per parameter, group after group; null for one that never stepped. */
  readonly parameters: readonly (ParameterState | null)[];
}

/** @internal What a step kernel is given of one parameter; `rows` is empty where grad covers every row in order. */
export interface Stretch {
  readonly kernels: StepKernels;
  readonly weight: Float32Array;
  /** The state's arrays by name. */
  readonly arrays: Readonly<Record<string, Float32Array>>;
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly rows: Uint32Array;
  readonly numRows: number;
  readonly grad: Float32Array;
  /** Which step of the parameter this is, from 1. */
  readonly step: number;
  /** Whether this is the first step with this state array (SGD ignores dampening then). */
  readonly isFresh: boolean;
}

/** With more stretches of rows that may move, packing their gradients costs less than a call for each. */
const mostStretches = 16;

/**
 * What all optimizers share: parameters in groups, and one step over each that has a gradient. With a sparse gradient a step updates its rows
 * and their state and nothing else: the cost is that of the touched rows. Weight decay and momentum are lazy then: a row that
 * is not touched does not decay.
 *
 * Optimizer state lies in the memory of the parameter's backend. `dispose()` or `using` frees it, else the garbage collector does.
 */
export abstract class Optimizer<
  Options extends object = {
    /** The learning rate. */
    lr?: number | undefined;
  },
> {
  /** The groups, of which there is one when a plain list of parameters was given. Options may be changed between steps. */
  readonly groups: readonly Group<Options>[];
  readonly #rules: OptionRules<Options>;
  readonly #states = new Map<Parameter, State>();
  readonly #isGrouped: boolean;
  #isDisposed = false;

  /** @internal */
  protected constructor(parameters: ParametersOrGroups<Options>, options: Options, rules: OptionRules<Options>) {
    this.#rules = rules;
    const { groups, isGrouped } = toGroups(parameters, options, rules);
    this.groups = groups;
    this.#isGrouped = isGrouped;
    groups.forEach((group, g) => {
      this.#check(isGrouped ? `parameters[${g}].` : "", group.options);
      for (const parameter of group.parameters) this.#states.set(parameter, new State(parameter));
    });
  }

  /** The options of the first group: all there are when a plain list of parameters was given. */
  get options(): Group<Options>["options"] {
    return this.groups[0].options;
  }

  /**
   * Moves every parameter that has a gradient and wants one. Gradients stay: see {@link zeroGrad}.
   *
   * @throws TypeError [ERR_DISPOSED], RangeError [ERR_OUT_OF_MEMORY], Error [ERR_IN_USE] while a call in flight reads a parameter, and as
   * the constructor for options that were changed. Nothing has moved then.
   */
  step(): void {
    this.#checkInUse();
    this.groups.forEach((group, g) => {
      this.#check(this.#isGrouped ? `groups[${g}].options.` : "options.", group.options);
      for (const parameter of group.parameters) {
        parameter.checkInUse();
        parameter.inFlight.check();
      }
    });
    const moving = this.groups.flatMap(({ parameters, options }) =>
      parameters.flatMap((parameter) => {
        const { grad, requiresGrad } = parameter;
        return grad === null || !requiresGrad ? [] : [{ parameter, grad, options, state: this.#stateOf(parameter) }];
      }),
    );
    // All memory is made before anything moves; a view asked for afterwards stays what it is.
    for (const { state, options } of moving) state.prepare(this.arrays(options));
    for (const { parameter, grad, options, state } of moving) {
      state.step++;
      for (const stretch of stretchesOf(parameter, grad, state)) this.update(stretch, options);
      state.isFresh = false;
    }
  }

  /**
   * Forgets the gradients of all parameters.
   *
   * @throws Error [ERR_IN_USE] while a `lossAsync` adds to one of them; nothing is changed then.
   */
  zeroGrad(): void {
    for (const parameter of this.#states.keys()) parameter.gradInFlight.check();
    for (const parameter of this.#states.keys()) parameter.zeroGrad();
  }

  /** A copy of the options and of the state, to continue from later, bit for bit. */
  stateDict(): OptimizerState {
    this.#checkInUse();
    const all = [...this.#states.keys()];
    return {
      groups: this.groups.map(({ options, parameters }) => ({
        options: copyOptions(options),
        parameters: parameters.map((parameter) => all.indexOf(parameter)),
      })),
      parameters: this.groups.flatMap(({ options, parameters }) =>
        parameters.map((parameter) => this.#stateOf(parameter).toPlain(this.arrays(options))),
      ),
    };
  }

  /**
   * Goes on from a {@link stateDict} of an optimizer of this kind over parameters of the same shapes in the same groups.
   *
   * @param state What `stateDict` gave; it is copied.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE] or [ERR_OUT_OF_MEMORY] when it does not fit; nothing is
   * changed then.
   */
  loadStateDict(state: OptimizerState): void {
    this.#checkInUse();
    const { groups, parameters } = this.#checkShape(state);
    const loaded: { parameter: Parameter; arrays: readonly StateArray[]; plain: ParameterState | null }[] = [];
    this.groups.forEach((group, g) => {
      const name = `state.groups[${g}].options`;
      const { options } = groups[g];
      checkOptions(options, Object.keys(this.#rules), name);
      this.#check(`${name}.`, options as Group<Options>["options"]);
      const arrays = this.arrays(options as Group<Options>["options"]);
      for (const parameter of group.parameters) {
        const p = loaded.length;
        loaded.push({
          parameter,
          arrays,
          plain: checkState(`state.parameters[${p}]`, parameters[p], arrays, parameter),
        });
      }
    });

    const fresh: State[] = [];
    try {
      for (const { parameter, arrays, plain } of loaded) {
        const made = new State(parameter);
        fresh.push(made);
        if (plain !== null && plain.step > 0) made.load(arrays, plain);
      }
    } catch (error) {
      for (const made of fresh) made.dispose();
      throw error;
    }
    loaded.forEach(({ parameter }, p) => {
      this.#stateOf(parameter).dispose();
      this.#states.set(parameter, fresh[p]);
    });
    this.groups.forEach((group, g) => {
      Object.assign(group.options, copyOptions(groups[g].options));
    });
  }

  /** Frees the memory of the state; the parameters stay. Stepping afterwards throws TypeError [ERR_DISPOSED]; twice is harmless. */
  dispose(): void {
    this.#isDisposed = true;
    for (const state of this.#states.values()) state.dispose();
  }

  /** @internal */
  [inspect](): string {
    const groups = this.groups.map(({ parameters, options }) => {
      const told = Object.entries(options).map(([name, value]) => `${name} ${value}`);
      return `${parameters.length} parameter${parameters.length === 1 ? "" : "s"}, ${told.join(", ")}`;
    });
    return `${this.constructor.name}(${groups.join("; ")})`;
  }

  /** What `using` calls at the end of its block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal What is remembered of a parameter. */
  protected abstract arrays(options: Group<Options>["options"]): readonly StateArray[];

  /** @internal One step of one parameter: one call of a kernel. */
  protected abstract update(stretch: Stretch, options: Group<Options>["options"]): void;

  /** @internal Throws when options that are each possible do not go together. */
  protected checkTogether(_prefix: string, _options: Group<Options>["options"]): void {}

  #check(prefix: string, options: Group<Options>["options"]): void {
    for (const name of Object.keys(this.#rules) as (keyof Options & string)[]) {
      this.#rules[name].check(`${prefix}${name}`, options[name]);
    }
    this.checkTogether(prefix, options);
  }

  #checkInUse(): void {
    if (this.#isDisposed) throw typeError("ERR_DISPOSED", "optimizer is disposed, expected one in use");
  }

  #checkShape(state: OptimizerState | null | undefined): OptimizerState {
    const expected = this.groups.map(({ parameters }) => parameters.length).join(" + ");
    const size = this.#states.size;
    if (!Array.isArray(state?.groups) || !Array.isArray(state.parameters) || state.parameters.length !== size) {
      throw typeError("ERR_INVALID_ARG_TYPE", `state is ${show(state)}, expected one of ${expected} parameters`);
    }
    const given = state.groups.map((group) => group?.parameters?.length).join(" + ");
    if (given !== expected) {
      const message = `state.groups has ${given || "none"}, expected groups of ${expected} parameters`;
      throw typeError("ERR_INVALID_ARG_TYPE", message);
    }
    return state;
  }

  #stateOf(parameter: Parameter): State {
    return this.#states.get(parameter)!;
  }
}

/** One call of a kernel for all rows of a sparse gradient; for a dense one a call for each of a few stretches of rows that may move. */
function stretchesOf(parameter: Parameter, grad: DenseGradient | SparseGradient, state: State): Stretch[] {
  const [numEmbeddings, embeddingDim] = parameter.shape;
  const { step, isFresh } = state;
  const whole = {
    weight: parameter.data,
    arrays: state.views,
    numEmbeddings,
    embeddingDim,
    grad: grad.values,
    step,
    isFresh,
  };
  if (grad.kind === "sparse") {
    const kernels = kernelsFor(parameter.backend, stepKernels, grad.rows.length * embeddingDim);
    return [{ kernels, ...whole, rows: grad.rows, numRows: grad.rows.length }];
  }
  const stretches = parameter.trainableStretches();
  if (stretches.length > mostStretches)
    return [{ ...packed(stretches, whole), kernels: parameter.backend.kernels(stepKernels) }];
  return stretches.map(([start, end]) => {
    const numRows = end - start;
    const kernels = kernelsFor(parameter.backend, stepKernels, numRows * embeddingDim);
    const part = (values: Float32Array): Float32Array => {
      const width = values.length / numEmbeddings;
      return values.subarray(start * width, end * width);
    };
    const arrays = Object.fromEntries(Object.entries(whole.arrays).map(([name, view]) => [name, part(view)]));
    const parts = { weight: part(whole.weight), arrays, grad: part(whole.grad), numEmbeddings: numRows, numRows };
    return { kernels, ...whole, ...parts, rows: noRows };
  });
}

/** The rows that may move and their gradients, one after another, for one call. */
function packed<Whole extends Pick<Stretch, "grad" | "embeddingDim">>(
  stretches: readonly (readonly [number, number])[],
  whole: Whole,
): Whole & Pick<Stretch, "rows" | "numRows"> {
  const { embeddingDim } = whole;
  const numRows = stretches.reduce((sum, [start, end]) => sum + end - start, 0);
  const rows = new Uint32Array(numRows);
  const grad = newFloats(numRows * embeddingDim);
  let at = 0;
  for (const [start, end] of stretches) {
    grad.set(whole.grad.subarray(start * embeddingDim, end * embeddingDim), at * embeddingDim);
    for (let row = start; row < end; row++) rows[at++] = row;
  }
  return { ...whole, rows, numRows, grad };
}

function copyOptions(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, copyOption(value)]));
}
