import type { Reading } from "./book.js";
import { element } from "./elements.js";

/** The words of the text as radio buttons: one is chosen, and what is chosen in one place is chosen in all. */
export class WordPicker {
  readonly element: HTMLFieldSetElement;
  readonly #name: string;
  readonly #choose: (index: number) => void;
  readonly #legend: HTMLLegendElement;
  #shown = "";

  /** @param legend what the choice is for, for those who cannot see where it stands. */
  constructor(legend: string, choose: (index: number) => void) {
    this.#name = `word-for-${legend.toLowerCase().replaceAll(/\W+/g, "-")}`;
    this.#choose = choose;
    this.#legend = element("legend", {}, legend);
    this.element = element("fieldset", { class: "words" }, this.#legend);
  }

  show({ words, chosen }: Reading): void {
    const text = words.map((word) => word.text).join(" ");
    if (text !== this.#shown || this.element.childElementCount === 1) {
      // Not when only another word is chosen: the radio button that has the focus must live on.
      this.element.replaceChildren(this.#legend, ...words.map((_, i) => this.#option(words[i].text, words[i].id, i)));
      this.#shown = text;
    }
    for (const [i, radio] of this.element.querySelectorAll("input").entries()) radio.checked = i === chosen;
  }

  #option(text: string, id: number, index: number): HTMLElement {
    const radio = element("input", { type: "radio", name: this.#name, value: index });
    radio.addEventListener("change", () => this.#choose(index));
    const number = element("span", { class: "id" }, id === 0 ? "0 unknown" : String(id));
    const chip = element(
      "span",
      { class: id === 0 ? "chip unknown" : "chip" },
      element("span", { class: "word" }, text),
      number,
    );
    return element("label", {}, radio, chip);
  }
}
