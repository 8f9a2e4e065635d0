import type { Book, Reading } from "./book.js";
import { button, byId, choice, counted, element, grouped } from "./elements.js";
import { HeatMap } from "./heatMap.js";
import { LossLine } from "./lossLine.js";
import { prefersStillness } from "./picture.js";
import { RowDots } from "./rowDots.js";
import { Scale } from "./scale.js";
import { type Change, type Gradients, makeTrainer, type OptimizerName, optimizerNames } from "./trainer.js";

const manySteps = 20;

/** Section 5: a training step, and which rows it moves. */
export function startTraining(book: Book): (reading: Reading) => void {
  const { words, embeddingDim } = book;
  let optimizer = optimizerNames[0];
  let trainer = makeTrainer(book, optimizer);
  let reading: Reading = { words: [], chosen: 0 };
  let gradients: Gradients | null = null;
  let isFresh = true;
  let isRunning = false;
  /** How often something else was begun: steps that were asked for before are not taken after it. */
  let begun = 0;

  const scales = { gradient: new Scale(), change: new Scale(), table: new Scale() };
  const maps = {
    perWord: new HeatMap("Gradient of each word, in reading order", scales.gradient),
    perRow: new HeatMap("Gradient of each row: the sums", scales.gradient),
    change: new HeatMap("What the step added to each row", scales.change),
    after: new HeatMap("The rows after the step", scales.table),
  };
  const dots = new RowDots(words);
  const lossLine = new LossLine();
  const status = element("p", { class: "verdict", role: "status" });
  const part = (title: string, map: HeatMap, ...below: HTMLElement[]) =>
    element("div", { class: "part" }, element("h3", {}, title), map.element, ...below);
  const optimizerChoice = choice("Optimizer", optimizerNames, (option) => {
    optimizer = option as OptimizerName;
    restart();
  });
  const steps = [
    button("Take a step", () => run(1), "button main"),
    button(`Take ${manySteps} steps`, () => run(manySteps)),
  ];
  byId("training").append(
    element("div", { class: "controls" }, ...steps, button("Start again", restart), optimizerChoice),
    element("div", { class: "outcome" }, status, lossLine.element),
    element("h3", {}, "the whole table, a dot for each row"),
    dots.element,
    element(
      "div",
      { class: "pair" },
      part("gradient of each word", maps.perWord),
      part("added up by row", maps.perRow),
    ),
    scales.gradient.element,
    element(
      "div",
      { class: "pair" },
      part("what the step added", maps.change, scales.change.element),
      part("the rows after it", maps.after, scales.table.element),
    ),
  );

  function restart(): void {
    trainer.dispose();
    trainer = makeTrainer(book, optimizer);
    lossLine.clear();
    begin();
  }

  /** Shows the gradients of the text, before any step. */
  function begin(): void {
    begun++;
    gradients = trainer.read(reading.words.map(({ id }) => id));
    isFresh = true;
    for (const step of steps) step.disabled = gradients === null;
    showGradients();
    showChange(null);
  }

  async function run(count: number): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    const asked = begun;
    for (let i = 0; i < count && begun === asked; i++) {
      if (!isFresh) gradients = trainer.read(reading.words.map(({ id }) => id));
      const change = trainer.step();
      if (change === null) break;
      isFresh = false;
      lossLine.add(change.lossBefore, change.lossAfter);
      const isLast = i === count - 1;
      if (isLast || !prefersStillness()) {
        showGradients();
        showChange(change);
        if (isLast) tell(change); // once: what a status says is read aloud
        await new Promise((resolve) => setTimeout(resolve, isLast ? 0 : 90));
      }
    }
    isRunning = false;
  }

  function showGradients(): void {
    const { perWord, rows, values } = gradients ?? { perWord: [], rows: [], values: [] };
    scales.gradient.fit(perWord, values);
    const guessing = gradients === null ? [] : reading.words.slice(0, -1);
    maps.perWord.show(
      guessing.map(({ text }, i) => ({
        name: `${text}, guessing ${reading.words[i + 1].text}`,
        label: text,
        values: rowOf(perWord, i),
      })),
    );
    maps.perRow.show(
      Array.from(rows, (row, i) => ({ name: rowName(row), label: timesLabel(row), values: rowOf(values, i) })),
    );
  }

  function showChange(change: Change | null): void {
    const rows = gradients?.rows ?? new Uint32Array(0);
    const touched = Array.from(rows, rowName).join(", ");
    if (change === null) {
      dots.light([], `${counted(words.length, "row")} of the table; none has moved yet`);
      maps.change.show([]);
      maps.after.show([]);
      status.textContent =
        gradients === null
          ? "A text of at least two words is needed: each word guesses the next one."
          : `The next step will move ${counted(rows.length, "row")}: ${touched}.`;
      return;
    }
    const { before, after, movedRows } = change;
    dots.light(movedRows, `${counted(words.length, "row")} of the table; those that moved: ${touched}`);
    const added = Float32Array.from(after, (value, i) => value - before[i]);
    scales.change.fit(added);
    scales.table.fit(after);
    const named = (array: Float32Array, i: number) => ({
      name: rowName(rows[i]),
      label: words[rows[i]],
      values: rowOf(array, i),
    });
    const detail = (i: number) => (column: number) => `before ${before[i * embeddingDim + column].toFixed(3)}`;
    maps.change.show(Array.from(rows, (_, i) => named(added, i)));
    maps.after.show(Array.from(rows, (_, i) => ({ ...named(after, i), detail: detail(i) })));
  }

  function tell({ lossBefore, lossAfter, movedRows }: Change): void {
    const kept = grouped(words.length - movedRows.length);
    status.textContent =
      `Loss ${lossBefore.toFixed(3)} before the step, ${lossAfter.toFixed(3)} after it. ` +
      `${counted(movedRows.length, "row")} moved; the other ${kept} kept every bit (compared).`;
  }

  const rowOf = (array: ArrayLike<number>, i: number) =>
    Array.prototype.slice.call(array, i * embeddingDim, (i + 1) * embeddingDim) as number[];

  /** "<unk>" is the row of all unknown words. */
  const rowName = (row: number) => (row === 0 ? "unknown words" : words[row]);

  /** The row's word, and how many words of the text added to it. */
  function timesLabel(row: number): HTMLElement {
    const times = reading.words.slice(0, -1).filter(({ id }) => id === row).length;
    const label = element("span", {}, row === 0 ? "unknown" : words[row]);
    if (times > 1) label.append(element("b", { class: "times" }, ` ×${times}`));
    return label;
  }

  return (next) => {
    const text = (words: Reading["words"]) => words.map((word) => word.text).join(" ");
    const isOther = text(next.words) !== text(reading.words);
    reading = next;
    if (isOther) begin();
  };
}
