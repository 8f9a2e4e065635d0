import { exponential, logarithm } from "./elementary.js";
import { rangeError, show, typeError } from "./errors.js";

/** What a p-norm, (Σ |x| ** p) ** (1 / p), is made of. Whoever takes one adds up in an order of his own. */

/** Throws unless normType is the p of a norm. */
export function checkNormType(normType: unknown): asserts normType is number {
  if ((normType as number) > 0 && typeof normType === "number") return;
  const message = `normType is ${show(normType)}, expected a number > 0, or Infinity`;
  if (typeof normType === "number") throw rangeError("ERR_OUT_OF_RANGE", message);
  throw typeError("ERR_INVALID_ARG_TYPE", message);
}

/** x ** p of an x in [0, 1]: small whole powers by multiplication, twenty times sooner. */
export function powerOf(x: number, p: number): number {
  if (!Number.isInteger(p) || p > 16) return exponential(p * logarithm(x));
  let product = x;
  for (let n = 1; n < p; n++) product *= x;
  return product;
}

/** x ** (1 / p) of an x >= 1. */
export function rootOf(x: number, p: number): number {
  return exponential(-logarithm(1 / x) / p);
}
