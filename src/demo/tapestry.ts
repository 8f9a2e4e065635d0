import type { Book } from "./book.js";
import { colorOf } from "./colors.js";
import { byId, grouped } from "./elements.js";
import { Picture } from "./picture.js";

/** How many rows of the table are shown. */
const numRows = 52;

const firstRow = 2; // behind "<unk>" and the end of a line

/** The beginning of the table, beside the title: nothing to read, but this is what the page is about. */
export function startTapestry({ words, table, embeddingDim }: Book): void {
  const canvas = byId<HTMLCanvasElement>("tapestry");
  const cell = (width: number) => width / embeddingDim;
  const picture = new Picture(
    canvas,
    (width) => Math.round(cell(width) * numRows),
    (context, width) => {
      const side = cell(width);
      for (let i = 0; i < numRows; i++) {
        for (let j = 0; j < embeddingDim; j++) {
          context.fillStyle = colorOf(table[(firstRow + i) * embeddingDim + j] / 1.2);
          const [left, top] = [Math.round(j * side), Math.round(i * side)];
          context.fillRect(left, top, Math.round((j + 1) * side) - left - 1, Math.round((i + 1) * side) - top - 1);
        }
      }
    },
  );
  byId("tapestry-caption").textContent =
    `The first ${numRows} of ${grouped(words.length)} rows, from “${words[firstRow]}” on.`;
  picture.paint();
}
