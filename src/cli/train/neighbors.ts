/** Which words a table holds to be alike: what a look at it should show after training. */
import { Embedding, Unembedding } from "../../index.js";
import { lineEndId, type Vocabulary } from "./vocabulary.js";

/** Words that came up less often have hardly left the place where chance put them. */
const leastCount = 20;

/** Words that came up so often are frequent enough to be asked for their neighbors. */
const frequentCount = 40;

/** A word and those closest to it, the closest first. */
export interface Neighbors {
  readonly word: string;
  readonly neighbors: readonly { readonly word: string; readonly cosine: number }[];
}

/**
 * The nearest neighbors, by cosine, of some frequent words. Of the words behind those that make up half of the text ("the", "and")
 * those come first that have the closest neighbor, and a word that was a neighbor already does not come again: so there is one for each
 * group of words that the table found. Words seen too seldom are left out on both sides, marks without a letter or digit too.
 *
 * @param tokens the table whose rows are the vocabulary's words.
 * @param numWords words to show at most.
 * @param numNeighbors neighbors of each at most.
 * @returns none where the text is too short to say.
 */
export function nearestNeighbors(
  tokens: Embedding,
  vocabulary: Vocabulary,
  numWords: number,
  numNeighbors: number,
): Neighbors[] {
  const ids = wordsSeenOften(vocabulary);
  const first = firstBehindHalf(ids, vocabulary);
  const k = Math.min(numNeighbors + 1, ids.length); // a word is its own nearest neighbor
  if (k < 2) return [];
  const { embeddingDim } = tokens;
  const rows = normalizeRows(tokens.forward(ids), embeddingDim);
  using table = Embedding.fromPretrained(rows, { embeddingDim, backend: tokens.weight.implementation });
  using head = new Unembedding(table.weight);

  const numFrequent = ids.filter((id) => vocabulary.counts[id] >= frequentCount).length;
  const { indices, values } = head.topK(rows.subarray(first * embeddingDim, numFrequent * embeddingDim), k);
  const all = Array.from(ids.subarray(first, numFrequent), (_, i) => {
    const places = Array.from(indices.subarray(i * k, (i + 1) * k), (place, rank) => ({ place, rank: i * k + rank }));
    const others = places.filter(({ place }) => place !== first + i).slice(0, numNeighbors);
    return {
      place: first + i,
      neighbors: others.map(({ place, rank }) => ({ place, word: vocabulary.word(ids[place]), cosine: values[rank] })),
    };
  });
  all.sort((left, right) => right.neighbors[0].cosine - left.neighbors[0].cosine); // stable: of equals the more frequent
  const shown = new Set<number>();
  const chosen = all.filter(({ place, neighbors }) => {
    if (shown.has(place)) return false;
    for (const each of [place, ...neighbors.map((neighbor) => neighbor.place)]) shown.add(each);
    return true;
  });
  return chosen.slice(0, numWords).map(({ place, neighbors }) => ({
    word: vocabulary.word(ids[place]),
    neighbors: neighbors.map(({ word, cosine }) => ({ word, cosine })),
  }));
}

/** Ids, the most frequent first. */
function wordsSeenOften(vocabulary: Vocabulary): Uint32Array {
  const ids: number[] = [];
  for (let id = lineEndId + 1; id < vocabulary.size; id++) {
    if (vocabulary.counts[id] >= leastCount && /[\p{L}\p{N}]/u.test(vocabulary.word(id))) ids.push(id);
  }
  return Uint32Array.from(ids);
}

/** The place in `ids` of the word with which half of the text is reached. */
function firstBehindHalf(ids: Uint32Array, { counts }: Vocabulary): number {
  let rest = counts.subarray(lineEndId + 1).reduce((sum, count) => sum + count, 0) / 2;
  for (const [place, id] of ids.entries()) {
    rest -= counts[id];
    if (rest < 0) return place;
  }
  return 0;
}

/** Each row divided by its length; a row of zeros stays one. */
function normalizeRows(rows: Float32Array, numColumns: number): Float32Array {
  for (let start = 0; start < rows.length; start += numColumns) {
    const row = rows.subarray(start, start + numColumns);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    if (length > 0) for (let d = 0; d < numColumns; d++) row[d] /= length;
  }
  return rows;
}
