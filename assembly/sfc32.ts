/** The next word of a fast stream of random ones; a, b, c and counter stand at the state. src/backend/js/sfc32.ts says which. */
export function sfc32(state: usize): u32 {
  const b = load<u32>(state, 4);
  const c = load<u32>(state, 8);
  const counter = load<u32>(state, 12);
  const word = load<u32>(state) + b + counter;
  store<u32>(state, b ^ (b >> 9));
  store<u32>(state, c + (c << 3), 4);
  store<u32>(state, ((c << 21) | (c >> 11)) + word, 8);
  store<u32>(state, counter + 1, 12);
  return word;
}
