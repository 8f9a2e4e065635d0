import { Generator, TokenPositionEmbedding } from "nn-embedding";
import type { Book, Reading } from "./book.js";
import { byId, choice, element } from "./elements.js";
import { HeatMap } from "./heatMap.js";
import { Scale } from "./scale.js";

type Kind = "sinusoidal" | "learned";

/** Section 3: token row + position row = what a language model reads. */
export function startPositions(book: Book, mostWords: number): (reading: Reading) => void {
  const { words, table, embeddingDim } = book;
  const generator = new Generator(123);
  // > shown
  const make = (positions: Kind) =>
    new TokenPositionEmbedding(words.length, mostWords, embeddingDim, { positions, generator });
  const inputs = { sinusoidal: make("sinusoidal"), learned: make("learned") };
  for (const { token } of Object.values(inputs)) token.weight.data.set(table); // the trained rows
  const sums = (ids: number[], kind: Kind) => inputs[kind].forward(ids); // token rows + position rows, in one pass
  // < shown
  let kind: Kind = "sinusoidal";
  let shown: Reading | undefined;
  const scale = new Scale();
  const maps = {
    token: new HeatMap("Token rows", scale),
    position: new HeatMap("Position rows", scale),
    sum: new HeatMap("Sums of token rows and position rows", scale),
  };
  const note = element("p", { class: "small" });
  const part = (sign: string, title: string, map: HeatMap) =>
    element("div", { class: "part" }, element("h3", {}, element("span", { class: "sign" }, sign), title), map.element);
  const kinds = choice("Positions", ["sinusoidal", "learned"], (option) => {
    kind = option as Kind;
    if (shown) show(shown);
  });
  byId("positions").append(
    kinds,
    note,
    element(
      "div",
      { class: "sum" },
      part("", "token rows", maps.token),
      part("+", "position rows", maps.position),
      part("=", "sums", maps.sum),
    ),
    scale.element,
  );

  function show(reading: Reading): void {
    shown = reading;
    const ids = reading.words.map(({ id }) => id);
    const input = inputs[kind];
    const arrays = {
      token: input.token.forward(ids),
      position: input.position.forward(ids.map((_, i) => i)),
      sum: sums(ids, kind),
    };
    scale.fit(arrays.token, arrays.position, arrays.sum);
    const rowsOf = (
      array: Float32Array,
      name: (i: number) => string,
      label = name as (i: number) => string | HTMLElement,
    ) =>
      ids.map((_, i) => {
        const values = array.subarray(i * embeddingDim, (i + 1) * embeddingDim);
        return { name: name(i), label: label(i), values };
      });
    maps.token.show(rowsOf(arrays.token, (i) => reading.words[i].text));
    maps.position.show(rowsOf(arrays.position, (i) => `position ${i}`));
    const indexed = (i: number) => element("span", {}, reading.words[i].text, element("sub", {}, String(i)));
    maps.sum.show(rowsOf(arrays.sum, (i) => `${reading.words[i].text} at position ${i}`, indexed));
    note.textContent =
      kind === "sinusoidal"
        ? "Sinusoidal positions are sines and cosines, slower from column to column: a formula, nothing to learn."
        : "Learned positions are a table like the words'. This one has not learned yet: it is as it begins, random.";
  }
  return show;
}
