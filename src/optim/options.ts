import { checkBoolean, checkNumber, checkOptions } from "../check.js";
import { rangeError, show, typeError } from "../errors.js";
import type { Parameter } from "../parameter.js";

/** What one option may be, and what it is when nobody says. */
export interface OptionRule<Value> {
  readonly default: Value;
  check(name: string, value: unknown): void;
}

/** A rule for each option of an optimizer. */
export type OptionRules<Options> = { readonly [Name in keyof Options]-?: OptionRule<NonNullable<Options[Name]>> };

/** Parameters that share options; those left out are the optimizer's. */
export type ParameterGroup<Options> = Options & {
  /** What the options are for. */
  readonly parameters: Iterable<Parameter>;
};

/** What an optimizer updates: parameters, or groups of them with options of their own. */
export type ParametersOrGroups<Options> = Iterable<Parameter> | Iterable<ParameterGroup<Options>>;

/** A finite number >= 0. */
export function amount(byDefault: number): OptionRule<number> {
  return { default: byDefault, check: (name, value) => checkNumber(name, value, 0) };
}

/** true or false. */
export function flag(byDefault: boolean): OptionRule<boolean> {
  return { default: byDefault, check: checkBoolean };
}

/** Two numbers in [0, 1): how much of the averages of gradients and of their squares stays at each step. */
export function decayRates(byDefault: readonly [number, number]): OptionRule<readonly [number, number]> {
  return {
    default: byDefault,
    check(name, value) {
      if (!Array.isArray(value) || value.length !== 2) {
        throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(value)}, expected an array of two numbers`);
      }
      value.forEach((beta: unknown, i) => {
        const message = `${name}[${i}] is ${show(beta)}, expected a number in [0, 1)`;
        if (typeof beta !== "number") throw typeError("ERR_INVALID_ARG_TYPE", message);
        if (!(beta >= 0 && beta < 1)) throw rangeError("ERR_OUT_OF_RANGE", message);
      });
    },
  };
}

/** A group as an optimizer keeps it. */
export interface Group<Options> {
  /** The parameters of the group, in the order they were given. */
  readonly parameters: readonly Parameter[];
  /** Learning rate and the like; may be changed between steps. */
  readonly options: { -readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };
}

/**
 * The groups that parameters and options make: one, or where groups were given as many. Each option is of a known name; its value is not
 * looked at.
 */
export function toGroups<Options extends object>(
  parameters: ParametersOrGroups<Options>,
  options: Options,
  rules: OptionRules<Options>,
): { readonly groups: readonly Group<Options>[]; readonly isGrouped: boolean } {
  const known = Object.keys(rules);
  checkOptions(options, known);
  const list = toList("parameters", parameters as Iterable<unknown>, "an array of Parameters");
  const defaults = Object.fromEntries(known.map((name) => [name, rules[name as keyof Options].default]));
  const complete = (own: object): Group<Options>["options"] => {
    const given = [defaults, options, own].flatMap((each) => Object.entries(each));
    const told = given.filter(([name, value]) => value !== undefined && name in rules);
    return Object.fromEntries(told.map(([name, value]) => [name, copyOption(value)])) as Group<Options>["options"];
  };
  if (!isGroup(list[0])) {
    return { groups: [{ parameters: checkParameters("parameters", list), options: complete({}) }], isGrouped: false };
  }

  const groups = list.map((group, g) => {
    const name = `parameters[${g}]`;
    if (!isGroup(group)) {
      throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(group)}, expected a group as parameters[0] is one`);
    }
    checkOptions(group, ["parameters", ...known], name);
    const own = toList(`${name}.parameters`, group.parameters, "an array of Parameters");
    return { parameters: checkParameters(`${name}.parameters`, own), options: complete(group) };
  });
  const seen = new Map<Parameter, string>();
  groups.forEach((group, g) => {
    group.parameters.forEach((parameter, p) => {
      const name = `parameters[${g}].parameters[${p}]`;
      const first = seen.get(parameter);
      if (first !== undefined) throw again(name, first);
      seen.set(parameter, name);
    });
  });
  return { groups, isGrouped: true };
}

/** The parameters of any iterable, each once. */
export function checkParameters(name: string, list: readonly unknown[]): readonly Parameter[] {
  const seen = new Map<unknown, number>();
  list.forEach((parameter, p) => {
    if (typeof (parameter as Parameter | null)?.zeroGrad !== "function") {
      throw typeError("ERR_INVALID_ARG_TYPE", `${name}[${p}] is ${show(parameter)}, expected a Parameter`);
    }
    const first = seen.get(parameter);
    if (first !== undefined) throw again(`${name}[${p}]`, `${name}[${first}]`);
    seen.set(parameter, p);
  });
  return list as readonly Parameter[];
}

/** What an iterable holds. */
export function toList(name: string, values: Iterable<unknown>, expected: string): readonly unknown[] {
  if (
    typeof values === "object" &&
    typeof (values as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] === "function"
  ) {
    return [...values];
  }
  throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(values)}, expected ${expected}`);
}

/** A value that shares nothing with the one that was given. */
export function copyOption(value: unknown): unknown {
  return Array.isArray(value) ? [...value] : value;
}

function isGroup(value: unknown): value is ParameterGroup<object> {
  return typeof value === "object" && value !== null && "parameters" in value;
}

function again(name: string, first: string): TypeError {
  return typeError("ERR_INVALID_ARG_TYPE", `${name} is ${first} again, expected each once`);
}
