import { Embedding, matmul, oneHot } from "nn-embedding";
import type { Book, Reading } from "./book.js";
import { byId, element, grouped } from "./elements.js";
import { HeatMap, type HeatMapRow } from "./heatMap.js";
import { Scale } from "./scale.js";
import { WordPicker } from "./wordPicker.js";

/** How many rows of the table are shown above and below the chosen one. */
const around = 3;

/** Section 4: the one-hot row times the table is the lookup. */
export function startOneHot(book: Book, choose: (index: number) => void): (reading: Reading) => void {
  const { words, table, embeddingDim } = book;
  const numEmbeddings = words.length;
  const tokens = Embedding.fromPretrained(table, { embeddingDim });
  // > shown
  function bothWays(id: number): { row: Float32Array; product: Float32Array } {
    const row = tokens.forward([id]); // the lookup: 32 floats are copied
    const hot = oneHot([id], numEmbeddings); // 1,437 floats, all of them 0 but the one at id
    const product = matmul(hot, table, { m: 1, n: embeddingDim, k: numEmbeddings }); // 45,984 multiplications
    return { row, product };
  }
  // < shown
  const picker = new WordPicker("Word to be picked", choose);
  const scale = new Scale();
  const factors = new HeatMap("The table around the row, times the one-hot row", scale);
  const results = new HeatMap("The product and the lookup", scale);
  const verdict = element("p", { class: "verdict", role: "status" });
  const bits = element("div", { class: "bits" });
  byId("one-hot").append(
    picker.element,
    element("h3", {}, "one-hot row × table, row by row"),
    factors.element,
    element("h3", {}, element("span", { class: "sign" }, "="), "added up, and the row as the lookup copies it"),
    results.element,
    scale.element,
    verdict,
    bits,
  );
  return (reading) => {
    picker.show(reading);
    const word = reading.words[reading.chosen];
    if (word === undefined) {
      for (const map of [factors, results]) map.show([]);
      verdict.textContent = "No word to be picked yet: type some.";
      verdict.classList.remove("wrong");
      bits.replaceChildren();
      return;
    }
    const { id } = word;
    const { row, product } = bothWays(id);
    const first = Math.max(0, Math.min(numEmbeddings - 1 - 2 * around, id - around));
    const hot = oneHot([id], numEmbeddings);
    const near: HeatMapRow[] = Array.from({ length: 2 * around + 1 }, (_, i) => {
      const at = first + i;
      const label = element("span", { class: "factor" }, element("b", {}, String(hot[at])), ` × ${words[at]}`);
      const values = table.subarray(at * embeddingDim, (at + 1) * embeddingDim);
      return { name: `${hot[at]} times ${words[at]}`, label, values, faded: hot[at] === 0 };
    });
    scale.fit(...near.map(({ values }) => values));
    factors.show(near);
    results.show([
      { name: "product", values: product },
      { name: "lookup", values: row },
    ]);
    const [ofRow, ofProduct] = [bitsOf(row), bitsOf(product)];
    const equal = ofRow.filter((each, i) => each === ofProduct[i]).length;
    const rest = `The other ${grouped(numEmbeddings - near.length)} rows are multiplied by 0 as well.`;
    verdict.textContent =
      equal === row.length
        ? `${rest} All ${row.length} floats are equal, bit for bit: ${grouped(32 * row.length)} bits compared.`
        : `${rest} Only ${equal} of ${row.length} floats are equal, bit for bit.`;
    verdict.classList.toggle("wrong", equal < row.length);
    bits.replaceChildren(lineOfBits("product", ofProduct), lineOfBits("lookup", ofRow));
  };
}

/** Each float as the eight hexadecimal digits of its bits. */
function bitsOf(floats: Float32Array): string[] {
  return Array.from(new Uint32Array(floats.buffer, floats.byteOffset, floats.length), (bits) =>
    bits.toString(16).padStart(8, "0"),
  );
}

function lineOfBits(name: string, bits: readonly string[]): HTMLElement {
  return element(
    "p",
    {},
    element("span", { class: "name" }, `bits of the ${name}`),
    element("code", {}, bits.join(" ")),
  );
}
