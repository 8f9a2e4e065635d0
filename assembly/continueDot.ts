import { addProducts, foldLanes } from "./dot";

/**
 * Adds the products of one more stretch of two rows to the eight lanes of their dot product, and returns the dot product so far.
 * For rows too long for the host's window: it clears the lanes, then sends stretches of a multiple of 8, the last of any length.
 */
export function continueDot(a: usize, b: usize, k: u32, lanes: usize): f32 {
  addProducts(a, b, k, lanes);
  return foldLanes(lanes);
}
