import { colorOf, themeColor } from "./colors.js";
import { element, signed } from "./elements.js";
import { Picture } from "./picture.js";
import { cellName, type Scale } from "./scale.js";

/** A row of a heat map. */
export interface HeatMapRow {
  /** What it is called where it is spoken of. */
  readonly name: string;
  readonly values: ArrayLike<number>;
  /** What stands before it, where that is more than its name. */
  readonly label?: string | HTMLElement;
  /** What stands behind it. */
  readonly note?: HTMLElement;
  /** Pale: it counts for nothing. */
  readonly faded?: boolean;
  /** What else is to be said of a cell. */
  readonly detail?: (column: number) => string;
}

const rowHeight = 24;
const gap = 2;

/**
 * Rows of numbers as rows of colors. The pointer or the arrow keys read a cell; below, the same numbers stand as a table for those who
 * would rather read, or cannot see, colors.
 */
export class HeatMap {
  readonly element: HTMLElement;
  readonly #name: string;
  readonly #scale: Scale;
  readonly #picture: Picture;
  readonly #labels = element("div", { class: "map-labels" });
  readonly #notes = element("div", { class: "map-notes" });
  readonly #numbers: HTMLDetailsElement;
  #rows: readonly HeatMapRow[] = [];
  #cell: readonly [row: number, column: number] | null = null;

  constructor(name: string, scale: Scale) {
    this.#name = name;
    this.#scale = scale;
    // The arrow keys are the map's own, which is what an application is to a screen reader.
    const canvas = element("canvas", { tabindex: 0, role: "application", "aria-roledescription": "heat map" });
    this.#picture = new Picture(
      canvas,
      () => this.#rows.length * rowHeight,
      (context) => this.#paint(context),
    );
    this.#numbers = element("details", { class: "numbers" }, element("summary", {}, "as numbers"));
    this.#numbers.addEventListener("toggle", () => this.#writeNumbers());
    const map = element("div", { class: "map" }, this.#labels, canvas, this.#notes);
    this.element = element("div", { class: "heat-map" }, map, this.#numbers);
    this.#listen(canvas);
  }

  show(rows: readonly HeatMapRow[]): void {
    this.#rows = rows;
    const label = (row: HeatMapRow) =>
      element("span", { class: row.faded ? "faded" : undefined }, row.label ?? row.name);
    this.#labels.replaceChildren(...rows.map(label));
    this.#notes.replaceChildren(...rows.map((row) => row.note ?? element("span")));
    this.#notes.hidden = rows.every((row) => row.note === undefined);
    const columns = rows[0]?.values.length ?? 0;
    this.#picture.canvas.ariaLabel = `${this.#name}: ${rows.length} by ${columns} numbers. Arrow keys read them.`;
    if (this.#cell !== null && this.#cell[0] >= rows.length) this.#point(null);
    this.#picture.paint();
    this.#writeNumbers();
  }

  /** Where column j begins, so that all columns together are as wide as the canvas. */
  #left(column: number): number {
    return Math.round((column * this.#picture.width) / (this.#rows[0]?.values.length ?? 1));
  }

  #paint(context: CanvasRenderingContext2D): void {
    for (const [i, { values, faded }] of this.#rows.entries()) {
      context.globalAlpha = faded ? 0.28 : 1;
      for (let j = 0; j < values.length; j++) {
        context.fillStyle = colorOf(values[j] / this.#scale.limit);
        const left = this.#left(j);
        context.fillRect(left, i * rowHeight, this.#left(j + 1) - left - 1, rowHeight - gap);
      }
    }
    context.globalAlpha = 1;
    if (this.#cell === null) return;
    const [row, column] = this.#cell;
    const left = this.#left(column);
    context.strokeStyle = themeColor("--ink");
    context.lineWidth = 2;
    context.strokeRect(left, row * rowHeight + 1, this.#left(column + 1) - left - 1, rowHeight - gap - 2);
  }

  #point(cell: readonly [row: number, column: number] | null): void {
    this.#cell = cell;
    this.#picture.paint();
    if (cell === null) {
      this.#scale.tell(null);
      return;
    }
    const [row, column] = cell;
    const { name, values, detail } = this.#rows[row];
    this.#scale.tell(cellName(name, column, values[column]) + (detail ? `, ${detail(column)}` : ""));
  }

  #listen(canvas: HTMLCanvasElement): void {
    const under = (event: PointerEvent) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      const row = Math.floor((event.clientY - top) / rowHeight);
      const numColumns = this.#rows[0]?.values.length ?? 0;
      const column = Math.floor(((event.clientX - left) / width) * numColumns);
      const inside = row >= 0 && row < this.#rows.length && column >= 0 && column < numColumns;
      this.#point(inside ? [row, column] : null);
    };
    canvas.addEventListener("pointermove", under);
    canvas.addEventListener("pointerdown", under);
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.#point(null);
    });
    canvas.addEventListener("focus", () => {
      if (this.#cell === null && this.#rows.length > 0 && canvas.matches(":focus-visible")) this.#point([0, 0]);
    });
    canvas.addEventListener("blur", () => this.#point(null));
    canvas.addEventListener("keydown", (event) => {
      const next = this.#moved(event.key);
      if (next === undefined) return;
      event.preventDefault();
      this.#point(next);
    });
  }

  /** The cell that a key leads to; undefined when the key is none of the map's. */
  #moved(key: string): readonly [number, number] | null | undefined {
    const numRows = this.#rows.length;
    const numColumns = this.#rows[0]?.values.length ?? 0;
    if (numRows === 0) return undefined;
    const [row, column] = this.#cell ?? [0, 0];
    switch (key) {
      case "ArrowUp":
        return [Math.max(0, row - 1), column];
      case "ArrowDown":
        return [Math.min(numRows - 1, row + 1), column];
      case "ArrowLeft":
        return [row, Math.max(0, column - 1)];
      case "ArrowRight":
        return [row, Math.min(numColumns - 1, column + 1)];
      case "Home":
        return [row, 0];
      case "End":
        return [row, numColumns - 1];
      case "Escape":
        return null;
      default:
        return undefined;
    }
  }

  /** The table is made when somebody opens it: it has thousands of cells that most readers never see. */
  #writeNumbers(): void {
    const summary = this.#numbers.firstElementChild!;
    summary.setAttribute("aria-label", `${this.#name} as numbers`);
    if (!this.#numbers.open) return void this.#numbers.replaceChildren(summary);
    const columns = Array.from(this.#rows[0]?.values ?? [], (_, column) =>
      element("th", { scope: "col" }, String(column)),
    );
    const head = element("tr", {}, element("td"), ...columns);
    const body = this.#rows.map(({ name, values }) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, name),
        ...Array.from(values, (x) => element("td", {}, signed(x))),
      ),
    );
    const caption = element("caption", {}, this.#name);
    const table = element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...body));
    const scroll = { class: "scroll", tabindex: 0, role: "region", "aria-label": `${this.#name}, table` };
    this.#numbers.replaceChildren(summary, element("div", scroll, table));
  }
}
