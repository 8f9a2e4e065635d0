/** The page: reads the tables, then shows every section the text and the word that are chosen. */
import { backends } from "nn-embedding";
import { startBench } from "./bench.js";
import { loadBook, type Reading, readWords } from "./book.js";
import { byId } from "./elements.js";
import { startNeighbors } from "./neighbors.js";
import { startOneHot } from "./oneHot.js";
import { startPositions } from "./positions.js";
import { startRows } from "./rows.js";
import { startTapestry } from "./tapestry.js";
import { startThemeSwitch } from "./themeSwitch.js";
import { startTokens } from "./tokens.js";
import { startTraining } from "./training.js";

/** Words of a text that are shown: more would be longer than a screen. */
const mostWords = 16;

startThemeSwitch(byId<HTMLButtonElement>("theme"));
tellBackend();
start().catch((error) => {
  const message = byId("message");
  message.textContent = `The page could not start: ${error instanceof Error ? error.message : error}`;
  message.hidden = false;
});

async function start(): Promise<void> {
  const book = await loadBook();
  const input = byId<HTMLInputElement>("text");
  let reading: Reading = { words: [], chosen: 0 };

  const choose = (chosen: number): void => {
    reading = { ...reading, chosen };
    for (const show of sections) show(reading);
  };
  const sections = [
    startTokens(book, choose),
    startRows(book),
    startPositions(book, mostWords),
    startOneHot(book, choose),
    startTraining(book),
    startNeighbors(book, choose),
  ];
  startTapestry(book);
  startBench();

  const read = (): void => {
    const words = readWords(book, input.value, mostWords + 1);
    byId("too-long").hidden = words.length <= mostWords;
    const shown = words.slice(0, mostWords);
    // Of a new text the last word is chosen, which often is what it is about.
    const chosen = reading.words.length === 0 ? shown.length - 1 : reading.chosen;
    reading = { words: shown, chosen: Math.max(0, Math.min(chosen, shown.length - 1)) };
    for (const show of sections) show(reading);
  };
  input.addEventListener("input", read);
  byId("text-form").addEventListener("submit", (event) => event.preventDefault());
  for (const example of document.querySelectorAll<HTMLButtonElement>("button.example")) {
    example.addEventListener("click", () => {
      input.value = example.textContent ?? "";
      reading = { words: [], chosen: 0 };
      read();
    });
  }
  read();
  document.documentElement.dataset.ready = "true";
}

/** Says which implementation runs here, and why a better one does not. */
function tellBackend(): void {
  const all = backends();
  const name = (each: (typeof all)[number]) => (each.name === "js" ? "plain JavaScript" : `${each.name}:${each.isa}`);
  const chosen = all.find((each) => each.chosen)!;
  byId("backend").textContent = name(chosen);
  const better = all.slice(0, all.indexOf(chosen)).filter((each) => each.name === "wasm");
  byId("backend-why").textContent = better.map((each) => ` ${name(each)} does not work here: ${each.why}.`).join("");
}
