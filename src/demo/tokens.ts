import type { Book, Reading } from "./book.js";
import { byId, counted, grouped } from "./elements.js";
import { WordPicker } from "./wordPicker.js";

/** Section 1: the text's words and their numbers. */
export function startTokens(book: Book, choose: (index: number) => void): (reading: Reading) => void {
  const picker = new WordPicker("Words of your text", choose);
  byId("tokens").append(picker.element);
  const summary = byId("tokens-summary");
  byId("vocabulary-size").textContent = grouped(book.words.length);
  return (reading) => {
    const { words } = reading;
    picker.show(reading);
    const unknown = words.filter(({ id }) => id === 0).length;
    const different = new Set(words.map(({ id }) => id)).size;
    const known = unknown === 0 ? "all of them known" : `${grouped(unknown)} of them unknown`;
    summary.textContent =
      words.length === 0
        ? "No word yet: type some."
        : `${counted(words.length, "word")}, ${different} different, ${known}.`;
  };
}
