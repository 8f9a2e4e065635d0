import { decodeSafetensors } from "nn-embedding/checkpoint";

/** What `nn-embedding train --model skipgram` made of the bundled text. */
export interface Book {
  /** The words; a word's place is its number. 0 is "<unk>", every other word; 1 is the end of a line. */
  readonly words: readonly string[];
  /** How often each came up. */
  readonly counts: readonly number[];
  /** A row for each word as it is read, words.length x embeddingDim. */
  readonly table: Float32Array;
  /** A row for each word as it is guessed, of the same shape. */
  readonly outputTable: Float32Array;
  readonly embeddingDim: number;
}

/** A word of the reader's text. */
export interface Word {
  readonly text: string;
  /** Its row of the table; 0 when the book does not have it. */
  readonly id: number;
}

/** What the page shows at the moment. */
export interface Reading {
  readonly words: readonly Word[];
  /** Which of them the reader has chosen. */
  readonly chosen: number;
}

/** Reads the tables that lie beside the page. */
export async function loadBook(): Promise<Book> {
  const response = await fetch(new URL("words.safetensors", document.baseURI));
  if (!response.ok) throw new Error(`words.safetensors: ${response.status} ${response.statusText}`);
  // > shown
  const { tensors, metadata } = decodeSafetensors(await response.arrayBuffer()); // words.safetensors, beside this page
  const { words, counts } = JSON.parse(metadata.vocabulary) as { words: string[]; counts: number[] };
  // < shown
  const floats = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor?.dtype !== "F32") throw new Error(`words.safetensors: no floats named ${name}`);
    return tensor;
  };
  const { data: table, shape } = floats("input.weight");
  return { words, counts, table, outputTable: floats("output.weight").data, embeddingDim: shape[1] };
}

/** The words of a text, each with its number: at most `most` of them. */
export function readWords(book: Book, text: string, most: number): Word[] {
  const { words } = book;
  // > shown
  const ids = new Map(words.map((word, id) => [word, id])); // "<unk>", any word not known, is 0; "and" is 2, "the" is 3
  const found = text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
  return found.slice(0, most).map((word) => ({ text: word, id: ids.get(word.replaceAll("’", "'")) ?? 0 }));
  // < shown
}
