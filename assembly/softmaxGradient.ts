import { expPair, expUnrounded, shiftOf } from "./exponential";

/**
 * logits become exp(logit - greatest) * factor - share, in place.
 * See src/backend/kernels.ts for the promise, src/backend/js/softmaxGradient.ts for the specification.
 */
export function softmaxGradient(logits: usize, numRows: u32, numColumns: u32, bias: usize, coefficients: usize): void {
  const end = coefficients + (numRows as usize) * 12;
  for (; coefficients < end; coefficients += 12) {
    const shift = shiftOf(load<f32>(coefficients));
    const factor = load<f32>(coefficients, 4) as f64;
    const share = load<f32>(coefficients, 8) as f64;
    const stop = logits + ((numColumns as usize) << 2);
    let offset = bias;
    if (ASC_FEATURE_SIMD) {
      const shifts = f32x4.splat(shift);
      const factors = f64x2.splat(factor);
      const shares = f64x2.splat(share);
      for (; logits + 8 <= stop; logits += 8) {
        let pair = v128.load64_zero(logits);
        if (bias != 0) {
          pair = f32x4.add(pair, v128.load64_zero(offset));
          offset += 8;
        }
        const power = expPair(f64x2.promote_low_f32x4(f32x4.sub(pair, shifts)));
        const gradient = f64x2.sub(f64x2.mul(power, factors), shares);
        v128.store64_lane(logits, f32x4.demote_f64x2_zero(gradient), 0);
      }
    }
    for (; logits < stop; logits += 4) {
      let logit = load<f32>(logits);
      if (bias != 0) {
        logit += load<f32>(offset);
        offset += 4;
      }
      store<f32>(logits, (expUnrounded((logit - shift) as f64) * factor - share) as f32);
    }
  }
}
