/**
 * base to the power of a whole number >= 0, for 0 <= base < 1: in pairs of doubles whose sum is meant, so that what C's `pow` gives comes
 * out on every engine, where `Math.pow` is each engine's own affair.
 */
export function power(base: number, exponent: number): number {
  let result: Pair = [1, 0];
  let square: Pair = [base, 0];
  for (let bits = exponent; bits > 0; bits = Math.floor(bits / 2)) {
    if (bits % 2 === 1) result = times(result, square);
    square = times(square, square);
  }
  return result[0] + result[1];
}

type Pair = readonly [high: number, low: number];

function times([a, c]: Pair, [b, d]: Pair): Pair {
  const product = a * b;
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  const error = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow); // Dekker: product + error is a * b
  const low = error + (a * d + c * b);
  const high = product + low;
  return [high, low - (high - product)];
}

/** Two halves of 26 bits (Veltkamp). */
function split(a: number): Pair {
  const shifted = 134217729 * a;
  const high = shifted - (shifted - a);
  return [high, a - high];
}
