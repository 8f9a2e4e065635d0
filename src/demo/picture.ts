import { forgetColors } from "./colors.js";

/** A canvas as wide as its place, sharp on every screen, that is painted anew when its place or the theme changes. */
export class Picture {
  readonly canvas: HTMLCanvasElement;
  /** In CSS pixels. */
  width = 0;
  readonly #paint: (context: CanvasRenderingContext2D, width: number) => number;

  /**
   * @param heightOf what the picture's height is at a width.
   * @param paint puts it on the cleared canvas, in CSS pixels.
   */
  constructor(
    canvas: HTMLCanvasElement,
    heightOf: (width: number) => number,
    paint: (context: CanvasRenderingContext2D, width: number) => void,
  ) {
    this.canvas = canvas;
    this.#paint = (context, width) => {
      const height = heightOf(width);
      const ratio = window.devicePixelRatio || 1;
      const [columns, rows] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
      if (canvas.width !== columns) canvas.width = columns;
      if (canvas.height !== rows) canvas.height = rows;
      canvas.style.height = `${height}px`;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      if (width > 0) paint(context, width);
      return height;
    };
    new ResizeObserver(() => {
      if (canvas.clientWidth !== this.width) this.paint();
    }).observe(canvas);
    pictures.add(this);
  }

  paint(): void {
    this.width = this.canvas.clientWidth;
    const context = this.canvas.getContext("2d");
    if (context !== null) this.#paint(context, this.width);
  }
}

const pictures = new Set<Picture>();

/** Paints everything in the colors of the theme as it is now. */
export function repaint(): void {
  forgetColors();
  for (const picture of pictures) picture.paint();
}

/** Whether the reader has asked for as little motion as possible. */
export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
