import { element, signed } from "./elements.js";

/** The colors of one or more heat maps: how much the strongest stands for, the legend that says so, and the cell under the pointer in numbers. */
export class Scale {
  /** The legend and the readout, for below the maps. */
  readonly element: HTMLElement;
  /** What the ends of the scale stand for. */
  limit = 1;
  readonly #legend: HTMLElement;
  readonly #ends: readonly HTMLElement[];
  readonly #readout: HTMLOutputElement;
  readonly #invitation: string;

  /** @param invitation what the readout says while no cell is pointed at. */
  constructor(invitation = "") {
    this.#invitation = invitation;
    this.#ends = [element("span"), element("span", {}, "0"), element("span")];
    const bar = element("span", { class: "legend-bar" });
    const numbers = element("span", { class: "legend-numbers" }, ...this.#ends);
    this.#legend = element("span", { class: "legend", role: "img" }, bar, numbers);
    this.#readout = element("output", { class: "readout" }, invitation);
    this.element = element("div", { class: "scale" }, this.#readout, this.#legend);
    this.fit([1]);
  }

  /** Makes the scale reach as far as these values do, to the next round number. */
  fit(...arrays: ArrayLike<number>[]): void {
    let greatest = 0;
    for (const values of arrays)
      for (let i = 0; i < values.length; i++) greatest = Math.max(greatest, Math.abs(values[i]));
    this.limit = roundUp(greatest);
    const text = String(this.limit);
    this.#ends[0].textContent = `−${text}`;
    this.#ends[2].textContent = `+${text}`;
    this.#legend.ariaLabel = `Colors: blue down to −${text}, pale at 0, orange up to ${text}`;
  }

  /** Says what a cell holds; without one, how to find out. */
  tell(text: string | null): void {
    this.#readout.textContent = text ?? this.#invitation;
  }
}

/** What a cell is called: the row's name, the column from 0, and the number. */
export function cellName(row: string, column: number, value: number): string {
  return `${row}, column ${column}: ${signed(value)}`;
}

/** The next of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 at its power of ten: the ends of a scale should be easy to read. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value) ?? 10;
  return Number((step * power).toPrecision(3));
}
