/**
 * Takes one more chunk of each row's logits into its k greatest. bias is 0 when there is none.
 * See src/backend/kernels.ts for the promise, src/backend/js/keepGreatest.ts for the specification.
 */
export function keepGreatest(
  values: usize,
  places: usize,
  k: u32,
  first: u32,
  isLast: bool,
  logits: usize,
  numRows: u32,
  numColumns: u32,
  bias: usize,
): void {
  const toPlace = places - values; // from a value's address to its place's
  const listBytes = (k as usize) << 2;
  const taken: u32 = first < k ? min(k - first, numColumns) : 0;
  if (k == 0) return;
  for (; numRows > 0; numRows--, values += listBytes, logits += (numColumns as usize) << 2) {
    let j: u32 = 0;
    for (; j < taken; j++) put(values, toPlace, first + j, logitAt(logits, j, bias), first + j);
    if (first + taken < k) continue;
    for (let slot = taken > 0 ? k >> 1 : 0; slot > 0; slot--) {
      const at = values + (((slot - 1) as usize) << 2);
      sift(values, toPlace, k, slot - 1, load<f32>(at), load<u32>(at + toPlace));
    }
    while (j < numColumns) {
      if (ASC_FEATURE_SIMD) {
        if (j + 4 <= numColumns) {
          const at = (j as usize) << 2;
          let four = v128.load(logits + at);
          if (bias != 0) four = f32x4.add(four, v128.load(bias + at));
          if (i32x4.all_true(f32x4.le(four, v128.load32_splat(values)))) {
            j += 4;
            continue;
          }
        }
      }
      const logit = logitAt(logits, j, bias);
      if (isGreater(logit, load<f32>(values))) sift(values, toPlace, k, 0, logit, first + j);
      j++;
    }
    if (!isLast) continue;
    for (let kept = k - 1; kept > 0; kept--) {
      const at = values + ((kept as usize) << 2);
      const value = load<f32>(at);
      const place = load<u32>(at + toPlace);
      put(values, toPlace, kept, load<f32>(values), load<u32>(values + toPlace));
      sift(values, toPlace, kept, 0, value, place);
    }
  }
}

function logitAt(logits: usize, j: u32, bias: usize): f32 {
  const at = (j as usize) << 2;
  return bias == 0 ? load<f32>(logits + at) : load<f32>(logits + at) + load<f32>(bias + at);
}

function put(values: usize, toPlace: usize, slot: u32, value: f32, place: u32): void {
  const at = values + ((slot as usize) << 2);
  store<f32>(at, value);
  store<u32>(at + toPlace, place);
}

/** Puts one into a heap of `kept` at a slot that is free, or further down where a lesser one is. */
function sift(values: usize, toPlace: usize, kept: u32, slot: u32, value: f32, place: u32): void {
  for (let below: u32 = 2 * slot + 1; below < kept; below = 2 * slot + 1) {
    let at = values + ((below as usize) << 2);
    if (below + 1 < kept && isBefore(load<f32>(at), load<u32>(at + toPlace), at + 4, toPlace)) {
      below++;
      at += 4;
    }
    if (!isBefore(value, place, at, toPlace)) break;
    put(values, toPlace, slot, load<f32>(at), load<u32>(at + toPlace));
    slot = below;
  }
  put(values, toPlace, slot, value, place);
}

/** Whether one logit comes before that at an address: it is greater, or equal and met first. */
function isBefore(value: f32, place: u32, at: usize, toPlace: usize): bool {
  const other = load<f32>(at);
  return isGreater(value, other) || (!isGreater(other, value) && place < load<u32>(at + toPlace));
}

function isGreater(a: f32, b: f32): bool {
  return a > b || (a != a && b == b);
}
