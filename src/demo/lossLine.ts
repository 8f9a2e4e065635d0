import { element } from "./elements.js";

const [width, height, edge] = [240, 56, 4];

/** How many losses the line shows. */
const mostLosses = 200;

/** The loss before the first step and after each one as a line. */
export class LossLine {
  readonly element = element("div", { class: "loss-line" });
  readonly #svg = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Loss: no step yet" });
  readonly #line = svg("polyline", { fill: "none" });
  readonly #dot = svg("circle", { r: "3" });
  readonly #caption = element("span", { class: "small" });
  #losses: number[] = [];

  constructor() {
    this.#svg.append(this.#line, this.#dot);
    this.element.append(this.#svg, this.#caption);
    this.clear();
  }

  clear(): void {
    this.#losses = [];
    this.element.hidden = true;
  }

  /** @param before counts for the first step only: of a later one it is measured against other words. */
  add(before: number, after: number): void {
    this.#losses = [...(this.#losses.length === 0 ? [before] : this.#losses), after].slice(-mostLosses);
    const losses = this.#losses;
    const least = Math.min(...losses);
    const range = Math.max(...losses) - least || 1;
    const x = (i: number) => edge + (i * (width - 2 * edge)) / (losses.length - 1);
    const y = (value: number) => height - edge - ((value - least) * (height - 2 * edge)) / range;
    this.#line.setAttribute("points", losses.map((each, i) => `${x(i).toFixed(1)},${y(each).toFixed(1)}`).join(" "));
    this.#dot.setAttribute("cx", x(losses.length - 1).toFixed(1));
    this.#dot.setAttribute("cy", y(after).toFixed(1));
    const text = `loss by step: ${losses[0].toFixed(3)} to ${after.toFixed(3)}`;
    this.#svg.setAttribute("aria-label", text);
    this.#caption.textContent = text;
    this.element.hidden = false;
  }
}

function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string>,
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
