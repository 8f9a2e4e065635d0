import { themeColor } from "./colors.js";
import { element } from "./elements.js";
import { Picture, prefersStillness } from "./picture.js";

/** How long a dot glows when its row has moved. */
const glowTime = 900;

/** A whole table, a dot for each row: those that were touched are lit. */
export class RowDots {
  readonly element: HTMLElement;
  readonly #picture: Picture;
  readonly #names: readonly string[];
  readonly #readout = element("span", { class: "dot-name", "aria-hidden": true });
  #touched: ReadonlySet<number> = new Set();
  #litAt = Number.NEGATIVE_INFINITY;

  constructor(names: readonly string[]) {
    this.#names = names;
    const canvas = element("canvas", { role: "img" });
    const heightOf = (width: number) => Math.ceil(names.length / this.#perLine(width)) * this.#pitch(width);
    this.#picture = new Picture(canvas, heightOf, (context, width) => this.#paint(context, width));
    this.element = element("div", { class: "row-dots" }, canvas, this.#readout);
    canvas.addEventListener("pointermove", (event) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      const pitch = this.#pitch(width);
      const [x, y] = [event.clientX - left, event.clientY - top].map((each) => Math.floor(each / pitch));
      const name = x < this.#perLine(width) ? this.#names[y * this.#perLine(width) + x] : undefined;
      this.#readout.textContent = name === undefined ? "" : `row ${y * this.#perLine(width) + x}: ${name}`;
    });
    canvas.addEventListener("pointerleave", () => {
      this.#readout.textContent = "";
    });
  }

  /** Lights these rows and no others. */
  light(rows: Iterable<number>, description: string): void {
    this.#touched = new Set(rows);
    this.#picture.canvas.ariaLabel = description;
    this.#litAt = prefersStillness() || this.#touched.size === 0 ? Number.NEGATIVE_INFINITY : performance.now();
    this.#animate();
  }

  #animate(): void {
    this.#picture.paint();
    if (performance.now() - this.#litAt < glowTime) requestAnimationFrame(() => this.#animate());
  }

  #pitch(width: number): number {
    return width < 480 ? 8 : 11;
  }

  #perLine(width: number): number {
    return Math.max(1, Math.floor(width / this.#pitch(width)));
  }

  #paint(context: CanvasRenderingContext2D, width: number): void {
    const pitch = this.#pitch(width);
    const perLine = this.#perLine(width);
    const glow = Math.max(0, 1 - (performance.now() - this.#litAt) / glowTime);
    const center = (row: number) =>
      [((row % perLine) + 0.5) * pitch, (Math.floor(row / perLine) + 0.5) * pitch] as const;
    const dot = (row: number, radius: number) => {
      const [x, y] = center(row);
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    };
    context.fillStyle = themeColor("--dot");
    for (let row = 0; row < this.#names.length; row++) if (!this.#touched.has(row)) dot(row, pitch * 0.2);
    context.fillStyle = themeColor("--accent");
    for (const row of this.#touched) {
      context.globalAlpha = 0.25 * glow;
      dot(row, pitch * (0.5 + 1.6 * (1 - glow)));
      context.globalAlpha = 1;
      dot(row, pitch * (0.42 + 0.3 * glow));
    }
  }
}
