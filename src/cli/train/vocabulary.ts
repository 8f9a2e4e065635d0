/** Text to numbers: which words there are, how often, and which number each has. */
import { rangeError, show, typeError } from "../../errors.js";

/** The id of every word that the vocabulary does not hold. */
export const unknownId = 0;

/** The id of the end of a line. */
export const lineEndId = 1;

const specials = ["<unk>", "</s>"];

/** Letters of scripts that put no space between words: each is a token of its own, with its marks. */
const spaceless = String.raw`[\p{L}&&[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]]`;
const letter = String.raw`[[\p{L}\p{N}]--${spaceless}]`;
const letterOrMark = String.raw`[[\p{L}\p{N}\p{M}]--${spaceless}]`;
const run = `${letter}${letterOrMark}*`;
/** Holds a word together inside, never at its edge: apostrophe, hyphen, the two zero-width joiners. */
const joiner = String.raw`['\-\u200c\u200d]`;
const wordPattern = new RegExp(String.raw`${run}(?:${joiner}${run})*|${spaceless}\p{M}*|\p{RGI_Emoji}`, "gv");

/** Characters of text worked on at a time, so that no word is too long for the pattern's stack. */
const pieceLength = 2 ** 18;

/** What becomes of a text's tokens. */
export interface VocabularyOptions {
  /** How many ids there are at most, `<unk>` and `</s>` among them. */
  size: number;
  /** How often a word must come up to be kept. Default: 1. */
  minCount?: number;
}

/** A vocabulary as it stands in the metadata of a checkpoint: ids are positions. */
export interface VocabularyJson {
  words: string[];
  counts: number[];
}

/**
 * The most frequent words of a text, each with an id: 0 is `<unk>`, every other word; 1 is `</s>`, the end of a line;
 * then the words, the most frequent first, of equals the one that came first.
 *
 * A word is a run of letters and digits of any script, lower-case, composed (NFC), with single apostrophes and hyphens
 * inside; an emoji; or one letter where the script has no spaces (Han, Kana, Thai, Lao, Khmer, Burmese). Lines end at
 * LF, CR, U+2028 or U+2029; a line without a word counts for nothing. Nothing depends on the locale.
 */
export class Vocabulary {
  /** How often each id came up in the text the vocabulary was made from. */
  readonly counts: Uint32Array;
  readonly #words: string[];
  readonly #ids: Map<string, number>;

  private constructor({ words, counts }: VocabularyJson) {
    this.counts = Uint32Array.from(counts);
    this.#words = words;
    this.#ids = new Map(words.map((word, id) => [word, id]));
  }

  /**
   * Counts the words of a text and keeps the most frequent.
   *
   * Of "To be, or not to be" with size 4 it keeps "to" (id 2) and "be" (id 3), and encodes the same text as
   * 2 3 0 0 2 3 1.
   *
   * @throws RangeError [ERR_OUT_OF_RANGE] size is not an integer from 3 on, the text has no word, or none that often.
   */
  static fromText(text: string, { size, minCount = 1 }: VocabularyOptions): Vocabulary {
    if (!Number.isSafeInteger(size) || size <= specials.length) {
      throw rangeError(
        "ERR_OUT_OF_RANGE",
        `size is ${show(size)}, expected an integer of at least ${specials.length + 1}`,
      );
    }
    const found = new Map<string, { word: string; count: number }>([[specials[lineEndId], { word: "", count: 0 }]]);
    eachToken(text, (token) => {
      const entry = found.get(token);
      // The copy of a token lets its line go, which a slice would hold.
      if (entry === undefined) found.set(token, { word: copyOf(token), count: 1 });
      else entry.count++;
    });
    const lines = found.get(specials[lineEndId])!.count;
    found.delete(specials[lineEndId]);
    if (lines === 0) throw rangeError("ERR_OUT_OF_RANGE", "text is without a word, expected at least one");
    const ranked = [...found.values()].sort((left, right) => right.count - left.count); // stable: equals stay in order
    if (ranked[0].count < minCount) {
      const expected = `expected at most ${ranked[0].count}, as often as ${show(ranked[0].word)}`;
      throw rangeError("ERR_OUT_OF_RANGE", `minCount is ${minCount}, ${expected}, the most frequent word, comes up`);
    }
    const often = ranked.findIndex(({ count }) => count < minCount);
    const kept = ranked.slice(0, Math.min(size - specials.length, often < 0 ? ranked.length : often));
    const unknown = ranked.slice(kept.length).reduce((sum, { count }) => sum + count, 0);
    return new Vocabulary({
      words: [...specials, ...kept.map(({ word }) => word)],
      counts: [unknown, lines, ...kept.map(({ count }) => count)],
    });
  }

  /**
   * The vocabulary that toJSON told of.
   *
   * @param json the object, or its JSON text as a checkpoint's metadata has it.
   * @throws RangeError or TypeError [ERR_INVALID_CHECKPOINT] it is not one.
   */
  static fromJSON(json: unknown): Vocabulary {
    return new Vocabulary(checkJson(typeof json === "string" ? parse(json) : json));
  }

  /** How many ids there are, from 0. */
  get size(): number {
    return this.#words.length;
  }

  /** The ids of a text's tokens, with 1 at the end of every line that has any. */
  encode(text: string): Uint32Array {
    let ids = new Uint32Array(1024);
    let length = 0;
    eachToken(text, (token) => {
      if (length === ids.length) {
        const larger = new Uint32Array(2 * length);
        larger.set(ids);
        ids = larger;
      }
      ids[length++] = this.#ids.get(token) ?? unknownId;
    });
    return ids.slice(0, length);
  }

  /**
   * The word that an id stands for.
   *
   * @throws RangeError [ERR_INDEX_OUT_OF_RANGE] no such id.
   */
  word(id: number): string {
    const word = this.#words[id];
    if (word !== undefined) return word;
    throw rangeError("ERR_INDEX_OUT_OF_RANGE", `id is ${show(id)}, expected an integer in [0, ${this.size})`);
  }

  /** What JSON.stringify writes, and fromJSON reads. */
  toJSON(): VocabularyJson {
    return { words: [...this.#words], counts: [...this.counts] };
  }
}

/** Calls `visit` with every token of the text, and with `</s>` behind the last of a line that has any. */
function eachToken(text: string, visit: (token: string) => void): void {
  for (let start = 0; start < text.length; ) {
    const end = lineEnd(text, start);
    let any = false;
    for (let at = start, stop: number; at < end; at = stop) {
      stop = pieceEnd(text, at, end);
      for (const token of fold(text.slice(at, stop)).match(wordPattern) ?? []) {
        visit(token);
        any = true;
      }
    }
    if (any) visit(specials[lineEndId]); // no token of a text reads so: "<" is never part of a word
    start = end + 1;
  }
}

function lineEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029) return at;
  }
  return text.length;
}

/** Where a piece of a long line ends: behind its last space, or in want of one anywhere but within a character. */
function pieceEnd(text: string, start: number, end: number): number {
  const limit = start + pieceLength;
  if (limit >= end) return end;
  const space = text.lastIndexOf(" ", limit);
  if (space > start) return space;
  const code = text.charCodeAt(limit);
  return code >= 0xdc00 && code < 0xe000 ? limit - 1 : limit;
}

/** One spelling for all: lower-case, composed, plain apostrophes and hyphens, no soft hyphens. */
function fold(text: string): string {
  const folded = text.toLowerCase().normalize("NFC");
  if (!/[\u00ad\u2010\u2011\u2019]/.test(folded)) return folded;
  return folded
    .replaceAll("\u00ad", "")
    .replaceAll(/[\u2010\u2011]/g, "-")
    .replaceAll("\u2019", "'");
}

function copyOf(token: string): string {
  return JSON.parse(JSON.stringify(token)) as string;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw rangeError("ERR_INVALID_CHECKPOINT", `vocabulary is ${show(text)}, expected JSON`);
  }
}

function checkJson(json: unknown): VocabularyJson {
  const { words, counts } = (json ?? {}) as Record<keyof VocabularyJson, unknown>;
  if (!Array.isArray(words)) throw notWhole("words", show(words), "an array of strings");
  if (!Array.isArray(counts)) throw notWhole("counts", show(counts), "an array of integers");
  if (counts.length !== words.length) throw impossible("counts.length", counts.length, `words.length, ${words.length}`);
  const seen = new Map<unknown, number>();
  for (const [id, word] of words.entries()) {
    if (typeof word !== "string") throw notWhole(`words[${id}]`, show(word), "a string");
    if (seen.has(word)) throw impossible(`words[${id}]`, word, `another word than words[${seen.get(word)}]`);
    seen.set(word, id);
    const count: unknown = counts[id];
    if (Number.isInteger(count) && (count as number) >= 0 && (count as number) < 2 ** 32) continue;
    throw impossible(`counts[${id}]`, count, "an integer in [0, 2 ** 32)");
  }
  for (const [id, special] of specials.entries()) {
    if (words[id] !== special) throw impossible(`words[${id}]`, words[id], `${show(special)}`);
  }
  return { words: [...words], counts };
}

function notWhole(name: string, value: string, expected: string): TypeError {
  return typeError("ERR_INVALID_CHECKPOINT", `vocabulary.${name} is ${value}, expected ${expected}`);
}

function impossible(name: string, value: unknown, expected: string): RangeError {
  return rangeError("ERR_INVALID_CHECKPOINT", `vocabulary.${name} is ${show(value)}, expected ${expected}`);
}
