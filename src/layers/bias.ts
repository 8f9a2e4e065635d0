/** rows[i, :] += bias for every row. */
export function addBias(rows: Float32Array, bias: Float32Array): void {
  const numColumns = bias.length;
  for (let start = 0; start < rows.length; start += numColumns) {
    for (let j = 0; j < numColumns; j++) rows[start + j] += bias[j];
  }
}

/** gradBias = (or += with `accumulate`) the sums of gradOut's columns, each a sequence of f32 adds in ascending rows. */
export function addBiasGradient(gradBias: Float32Array, accumulate: boolean, gradOut: Float32Array): void {
  const numColumns = gradBias.length;
  if (!accumulate) gradBias.fill(0);
  for (let start = 0; start < gradOut.length; start += numColumns) {
    for (let j = 0; j < numColumns; j++) gradBias[j] += gradOut[start + j];
  }
}
