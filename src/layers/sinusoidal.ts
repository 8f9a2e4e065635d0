import { cosine, exponential, logarithm, sine } from "../elementary.js";

const fullTurn = 2 * Math.PI;

/**
 * Fills rows of a table of positions, from position `first` on, with the sines and cosines of "Attention Is All You Need" (Vaswani et al. 2017, section 3.5):
 * table[p, 2 i] = sin(p / 10000^(2 i / embeddingDim)), table[p, 2 i + 1] = cos of the same.
 *
 * In doubles and rounded once at the end, from + - * / alone: the same bits on every engine. PyTorch code usually takes the angle in
 * floats, whose error grows with p.
 */
export function fillSinusoidal(rows: Float32Array, embeddingDim: number, first = 0): void {
  const log10000 = -4 * logarithm(0.1);
  for (let j = 0; j < embeddingDim; j++) {
    const frequency = exponential((-(j - (j % 2)) / embeddingDim) * log10000);
    const wave = j % 2 === 0 ? sine : cosine;
    for (let at = j, position = first; at < rows.length; at += embeddingDim, position++) {
      rows[at] = wave((position * frequency) % fullTurn);
    }
  }
}
