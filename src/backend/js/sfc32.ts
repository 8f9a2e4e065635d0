/**
 * The next integer in [-2^31, 2^31) of a fast stream of random ones: sfc32 (Doty-Humphrey's "small fast counter", PractRand). Its a, b, c
 * and counter are the first words of the state. MT19937 takes twice as long for each.
 */
export function sfc32(state: Uint32Array): number {
  const [a, b, c, counter] = [state[0] | 0, state[1] | 0, state[2] | 0, state[3] | 0];
  const word = (((a + b) | 0) + counter) | 0;
  state[0] = b ^ (b >>> 9);
  state[1] = c + (c << 3);
  state[2] = ((c << 21) | (c >>> 11)) + word;
  state[3] = counter + 1;
  return word;
}
