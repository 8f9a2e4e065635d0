import { Embedding } from "nn-embedding";
import type { Book, Reading } from "./book.js";
import { byId } from "./elements.js";
import { HeatMap } from "./heatMap.js";
import { Scale } from "./scale.js";

/** Section 2: each word's row of the table. */
export function startRows(book: Book): (reading: Reading) => void {
  const { table, embeddingDim } = book;
  const scale = new Scale("Point at a cell or touch it to read its number; arrow keys work too.");
  const map = new HeatMap("Rows of your words", scale);
  byId("rows").append(map.element, scale.element);
  // > shown
  const tokens = Embedding.fromPretrained(table, { embeddingDim }); // 1,437 rows of 32 floats
  function lookUp(ids: number[]): Float32Array {
    return tokens.forward(ids); // ids.length rows, one after the other: plain floats, yours to keep
  }
  // < shown
  return ({ words }) => {
    const rows = lookUp(words.map(({ id }) => id));
    scale.fit(rows);
    map.show(
      words.map(({ text, id }, i) => ({
        name: id === 0 ? `${text} (unknown)` : text,
        label: text,
        values: rows.subarray(i * embeddingDim, (i + 1) * embeddingDim),
      })),
    );
  };
}
