import { rangeError, show, typeError } from "../errors.js";

/** Words in the state of MT19937. */
export const STATE_WORDS = 624;

/** What a generator's next draws depend on. */
export interface GeneratorState {
  /** The seed it started from, in [0, 2 ** 64). */
  readonly seed: bigint;
  /** Draws until the words are made anew, plus one. */
  readonly left: number;
  /** The next word to draw. */
  readonly next: number;
  /** The cached normal sample, or NaN. */
  readonly normal: number;
  readonly words: Uint32Array;
}

/** Where things lie in PyTorch's `CPUGeneratorImplState`, on a 64-bit, little-endian machine. */
const BYTES = 5056;
const LEFT = 8;
const SEEDED = 12;
const NEXT = 16;
const WORDS = 24;
const NORMAL = WORDS + 8 * STATE_WORDS + 8;
const NORMAL_VALID = NORMAL + 16;

/** The bytes of `torch.get_rng_state()`. */
export function encodeState(state: GeneratorState): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, state.seed, true);
  view.setInt32(LEFT, state.left, true);
  view.setInt32(SEEDED, 1, true);
  view.setUint32(NEXT, state.next, true);
  for (let j = 0; j < STATE_WORDS; j++) view.setUint32(WORDS + 8 * j, state.words[j], true);
  if (!Number.isNaN(state.normal)) {
    view.setFloat64(NORMAL, state.normal, true);
    view.setInt32(NORMAL_VALID, 1, true);
  }
  return bytes;
}

/**
 * The other way round.
 *
 * @throws as `Generator.setState` does
 */
export function decodeState(bytes: Uint8Array): GeneratorState {
  if (!(bytes instanceof Uint8Array)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `state is ${show(bytes)}, expected a Uint8Array of ${BYTES} bytes`);
  }
  if (bytes.length !== BYTES) {
    throw rangeError("ERR_INVALID_LENGTH", `state.length is ${bytes.length}, expected ${BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTES);
  const left = view.getInt32(LEFT, true);
  const next = Number(view.getBigUint64(NEXT, true));
  const fresh = left === 1 && next === 0;
  if (!fresh && !(left >= 1 && left <= STATE_WORDS && left + next === STATE_WORDS + 1)) {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `state has left ${left} and next ${next}, expected left in [1, ${STATE_WORDS}] and next ${STATE_WORDS + 1} - left`,
    );
  }
  const normal = view.getInt32(NORMAL_VALID, true) === 0 ? Number.NaN : view.getFloat64(NORMAL, true);
  const words = new Uint32Array(STATE_WORDS);
  for (let j = 0; j < STATE_WORDS; j++) words[j] = view.getUint32(WORDS + 8 * j, true);
  return { seed: view.getBigUint64(0, true), left, next, normal, words };
}
