import { rangeError, show, typeError } from "../errors.js";

/** Words in the state of MT19937. */
export const stateWords = 624;

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
const stateBytes = 5056;
const leftOffset = 8;
const seededOffset = 12;
const nextOffset = 16;
const wordsOffset = 24;
const normalOffset = wordsOffset + 8 * stateWords + 8;
const normalValidOffset = normalOffset + 16;

/** The bytes of `torch.get_rng_state()`. */
export function encodeState(state: GeneratorState): Uint8Array {
  const bytes = new Uint8Array(stateBytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, state.seed, true);
  view.setInt32(leftOffset, state.left, true);
  view.setInt32(seededOffset, 1, true);
  view.setUint32(nextOffset, state.next, true);
  for (let j = 0; j < stateWords; j++) view.setUint32(wordsOffset + 8 * j, state.words[j], true);
  if (!Number.isNaN(state.normal)) {
    view.setFloat64(normalOffset, state.normal, true);
    view.setInt32(normalValidOffset, 1, true);
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
    throw typeError("ERR_INVALID_ARG_TYPE", `state is ${show(bytes)}, expected a Uint8Array of ${stateBytes} bytes`);
  }
  if (bytes.length !== stateBytes) {
    throw rangeError("ERR_INVALID_LENGTH", `state.length is ${bytes.length}, expected ${stateBytes}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, stateBytes);
  const left = view.getInt32(leftOffset, true);
  const next = Number(view.getBigUint64(nextOffset, true));
  const fresh = left === 1 && next === 0;
  if (!fresh && !(left >= 1 && left <= stateWords && left + next === stateWords + 1)) {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `state has left ${left} and next ${next}, expected left in [1, ${stateWords}] and next ${stateWords + 1} - left`,
    );
  }
  const normal = view.getInt32(normalValidOffset, true) === 0 ? Number.NaN : view.getFloat64(normalOffset, true);
  const words = new Uint32Array(stateWords);
  for (let j = 0; j < stateWords; j++) words[j] = view.getUint32(wordsOffset + 8 * j, true);
  return { seed: view.getBigUint64(0, true), left, next, normal, words };
}
