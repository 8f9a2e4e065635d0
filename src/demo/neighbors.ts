import { Embedding, Unembedding } from "nn-embedding";
import type { Book, Reading } from "./book.js";
import { button, byId, element } from "./elements.js";
import { HeatMap } from "./heatMap.js";
import { Scale } from "./scale.js";
import { WordPicker } from "./wordPicker.js";

/** Words that came up less often have hardly left the place where chance put them. */
const leastCount = 12;

const numNeighbors = 9;

/** Section 6: which words are used alike. */
export function startNeighbors(book: Book, choose: (index: number) => void): (reading: Reading) => void {
  const { words, counts, table, embeddingDim } = book;
  const tokens = Embedding.fromPretrained(table, { embeddingDim });
  const often = words.map((_, id) => id).filter((id) => id > 1 && counts[id] >= leastCount);
  // > shown
  const directions = normalize(tokens.forward(often)); // each row divided by its length
  const head = new Unembedding(Embedding.fromPretrained(directions, { embeddingDim }).weight);
  function nearest(id: number, count: number) {
    const query = normalize(tokens.forward([id]));
    const { indices, values } = head.topK(query, count); // values: the cosines, greatest first
    return Array.from(indices, (at, i) => ({ id: often[at], cosine: values[i] }));
  }
  // < shown

  function normalize(rows: Float32Array): Float32Array {
    for (let start = 0; start < rows.length; start += embeddingDim) {
      const row = rows.subarray(start, start + embeddingDim);
      const length = Math.hypot(...row);
      if (length > 0) for (let d = 0; d < embeddingDim; d++) row[d] /= length;
    }
    return rows;
  }

  let current = 0;
  let reading: Reading | undefined;
  const picker = new WordPicker("Word whose neighbors are wanted", (index) => {
    if (reading?.chosen === index) show(reading.words[index].id);
    choose(index);
  });
  const scale = new Scale();
  const map = new HeatMap("Directions of the word and its neighbors", scale);
  const status = element("p", { class: "small", role: "status" });
  byId("neighbors").append(picker.element, status, map.element, scale.element);

  /** Shows a word's neighbors; each of them is a button that leads on to its own. */
  function show(id: number): void {
    current = id;
    const found = nearest(id, numNeighbors).filter((each) => each.id !== id);
    const rows = normalize(tokens.forward([id, ...found.map((each) => each.id)]));
    scale.fit(rows);
    const valuesOf = (i: number) => rows.subarray(i * embeddingDim, (i + 1) * embeddingDim);
    map.show([
      { name: words[id], label: element("b", {}, words[id]), values: valuesOf(0), note: cosineBar(1) },
      ...found.map((each, i) => ({
        name: words[each.id],
        label: button(words[each.id], () => follow(each.id), "link"),
        values: valuesOf(i + 1),
        note: cosineBar(each.cosine),
      })),
    ]);
    const [first, second] = found.map((each) => words[each.id]);
    status.textContent = `Nearest to “${words[id]}” are “${first}” and “${second}”. Follow a neighbor to see its own.`;
  }

  function follow(id: number): void {
    show(id);
    map.element.querySelector<HTMLButtonElement>("button.link")?.focus();
  }

  return (next) => {
    const word = next.words[next.chosen];
    const isOther = reading === undefined || word?.id !== reading.words[reading.chosen]?.id;
    reading = next;
    picker.show(next);
    if (!isOther && current !== 0) return;
    if (word !== undefined && word.id > 0) return show(word.id);
    current = 0;
    map.show([]);
    status.textContent =
      word === undefined
        ? "No word to have neighbors yet: type some."
        : `“${word.text}” is unknown: all unknown words share one row, which has no meaning of its own.`;
  };
}

function cosineBar(cosine: number): HTMLElement {
  const bar = element("span", { class: "bar", "aria-hidden": true });
  bar.style.setProperty("--share", String(Math.max(0, cosine)));
  return element("span", { class: "cosine" }, bar, cosine.toFixed(3));
}
