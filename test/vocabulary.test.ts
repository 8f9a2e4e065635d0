import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readText } from "../src/cli/train/corpus.js";
import { lineEndId, unknownId, Vocabulary } from "../src/cli/train/vocabulary.js";

/** The tokens of a text, as the vocabulary of its own sees them. */
function tokens(text: string): string {
  const vocabulary = Vocabulary.fromText(text, { size: 10_000 });
  return Array.from(vocabulary.encode(text), (id) => vocabulary.word(id)).join(" ");
}

describe("tokens", () => {
  test.each([
    ["The quick, brown fox.", "the quick brown fox </s>"],
    ["the LORD's first-born; 'tis rock-'n'-roll -- a- 'b'", "the lord's first-born tis rock n roll a b </s>"],
    ["it’s well‐known, non‑breaking, soft\u00adened", "it's well-known non-breaking softened </s>"],
    ["1611, 4th, mp3, 3.5", "1611 4th mp3 3 5 </s>"],
    ["L’été à Zürich", "l'été à zürich </s>"],
    ["ete\u0301 \u00e9t\u00e9", "eté été </s>"],
    ["İstanbul ΟΔΟΣ", "i\u0307stanbul οδος </s>"],
    ["東京タワー、行く。abc漢字abc-東-京", "東 京 タ ワ ー 行 く abc 漢 字 abc 東 京 </s>"],
    ["สวัสดี", "ส วั ส ดี </s>"],
    ["नमस्ते می‌خواهم", "नमस्ते می‌خواهم </s>"],
    ["go 👩‍👩‍👧 ❤️ 🇫🇷🇩🇪 👍🏽!", "go 👩‍👩‍👧 ❤️ 🇫🇷 🇩🇪 👍🏽 </s>"],
    ["𝒳𝒴 𐐀𐐁", "𝒳𝒴 𐐨𐐩 </s>"],
    ["\ufeffBOM first", "bom first </s>"],
    ["constructor __proto__ toString", "constructor proto tostring </s>"],
    ["<unk> </s>", "unk s </s>"],
    ["half \ud800 pair \udc00x", "half pair x </s>"],
  ])("%s", (text, expected) => {
    expect(tokens(text)).toBe(expected);
  });

  test("lines end with </s>, whatever ends them; lines without a word count for nothing", () => {
    const expected = "a b </s> c </s>";
    for (const text of [
      "a b\nc",
      "a b\nc\n",
      "a b\r\nc\r\n",
      "a b\rc",
      "\n\n a b \n\n\n - \nc\n\n",
      "a b\u2028c\u2029",
    ]) {
      expect(tokens(text), JSON.stringify(text)).toBe(expected);
    }
  });

  test("long lines are read in pieces, and no word is too long", () => {
    const line = Array.from({ length: 300_000 }, (_, i) => `w${i % 1000}`).join(" ");
    const vocabulary = Vocabulary.fromText(line, { size: 2000 });
    expect(vocabulary.size).toBe(1002);
    expect(new Set(vocabulary.counts.subarray(2))).toEqual(new Set([300]));
    expect(vocabulary.encode(line)).toHaveLength(300_001);
    const marked = "e\u0301x\u0323\u0301"; // composes into fewer characters, but not into one
    for (const letter of ["a", "é", marked, "\u{10400}", "a-"]) {
      const word = letter.repeat(12e6 / letter.length); // as one piece, each overflows the stack of the pattern
      const ids = Vocabulary.fromText(word, { size: 100 }).encode(word);
      expect(ids.length).toBeGreaterThan(1);
      expect(ids).not.toContain(unknownId);
    }
    const count = 2 ** 20;
    expect(Vocabulary.fromText("中".repeat(count), { size: 3 }).counts).toEqual(Uint32Array.of(0, 1, count));
    expect(Vocabulary.fromText("👍".repeat(count), { size: 3 }).counts).toEqual(Uint32Array.of(0, 1, count));
  });
});

describe("the vocabulary", () => {
  const text = "b a c a b a\nd b e";

  test("keeps the most frequent, of equals the first; the rest is <unk>", () => {
    const vocabulary = Vocabulary.fromText(text, { size: 5 });
    expect(Array.from({ length: vocabulary.size }, (_, id) => vocabulary.word(id))).toEqual([
      "<unk>",
      "</s>",
      "b",
      "a",
      "c",
    ]);
    expect(vocabulary.counts).toEqual(Uint32Array.of(2, 2, 3, 3, 1));
    expect(vocabulary.encode(text)).toEqual(
      Uint32Array.of(2, 3, 4, 3, 2, 3, lineEndId, unknownId, 2, unknownId, lineEndId),
    );
    expect(vocabulary.encode("")).toEqual(new Uint32Array(0));
    expect(vocabulary.encode("A zebra, b")).toEqual(Uint32Array.of(3, 0, 2, 1));
  });

  test("does what its documentation says", () => {
    const vocabulary = Vocabulary.fromText("To be, or not to be", { size: 4 });
    expect([2, 3].map((id) => vocabulary.word(id))).toEqual(["to", "be"]);
    expect(vocabulary.encode("To be, or not to be")).toEqual(Uint32Array.of(2, 3, 0, 0, 2, 3, 1));
  });

  test("counts what it encodes", async () => {
    const corpus = await readText();
    for (const size of [3, 100, 3000, 100_000]) {
      const vocabulary = Vocabulary.fromText(corpus, { size });
      const counts = new Uint32Array(vocabulary.size);
      for (const id of vocabulary.encode(corpus)) counts[id]++;
      expect(counts).toEqual(vocabulary.counts);
      expect([...counts.subarray(2)]).toEqual([...counts.subarray(2)].sort((left, right) => right - left));
    }
  });

  test("goes through JSON", () => {
    const vocabulary = Vocabulary.fromText('Ça, ça 東 "x" 👍', { size: 9 });
    const json = JSON.stringify(vocabulary);
    for (const again of [Vocabulary.fromJSON(json), Vocabulary.fromJSON(JSON.parse(json))]) {
      expect(JSON.stringify(again)).toBe(json);
      expect(again.counts).toEqual(vocabulary.counts);
      expect(again.encode('東 ça "nobody"')).toEqual(vocabulary.encode('東 ça "nobody"'));
    }
  });

  test.each([
    ["{", 'vocabulary is "{", expected JSON'],
    [null, "vocabulary.words is undefined, expected an array of strings"],
    [{ words: [], counts: 5 }, "vocabulary.counts is 5, expected an array of integers"],
    [{ words: ["a"], counts: [] }, "vocabulary.counts.length is 0, expected words.length, 1"],
    [{ words: ["<unk>", "</s>", 5], counts: [1, 1, 1] }, "vocabulary.words[2] is 5, expected a string"],
    [
      { words: ["<unk>", "</s>", "<unk>"], counts: [1, 1, 1] },
      'vocabulary.words[2] is "<unk>", expected another word than words[0]',
    ],
    [{ words: ["<unk>", "</s>"], counts: [1, -1] }, "vocabulary.counts[1] is -1, expected an integer in [0, 2 ** 32)"],
    [{ words: ["<unk>", "a"], counts: [1, 1] }, 'vocabulary.words[1] is "a", expected "</s>"'],
    [{ words: [], counts: [] }, 'vocabulary.words[0] is undefined, expected "<unk>"'],
  ])("refuses JSON that is none: %j", (json, message) => {
    expect(() => Vocabulary.fromJSON(json)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_CHECKPOINT", message }),
    );
  });

  test("refuses what it cannot be made of, and ids it does not have", () => {
    const cases: [() => unknown, string, string][] = [
      [() => Vocabulary.fromText("a", { size: 2 }), "ERR_OUT_OF_RANGE", "size is 2, expected an integer of at least 3"],
      [
        () => Vocabulary.fromText("a", { size: 3.5 }),
        "ERR_OUT_OF_RANGE",
        "size is 3.5, expected an integer of at least 3",
      ],
      [
        () => Vocabulary.fromText(" ... \n", { size: 9 }),
        "ERR_OUT_OF_RANGE",
        "text is without a word, expected at least one",
      ],
      [
        () => Vocabulary.fromText("a", { size: 9 }).word(3),
        "ERR_INDEX_OUT_OF_RANGE",
        "id is 3, expected an integer in [0, 3)",
      ],
    ];
    for (const [run, code, message] of cases) expect(run).toThrow(expect.objectContaining({ code, message }));
  });
});

describe("the bundled text", () => {
  test("is a verse a line, and has the figures it was chosen for", async () => {
    const text = await readText();
    const lines = text.split("\n");
    expect(lines[0]).toBe("In the beginning God created the heaven and the earth.");
    expect(lines.at(-1)).toBe("");
    expect(lines).toHaveLength(3033);
    expect(text).toMatch(/^[A-Za-z ,.:;?!'()\n-]+$/);
    expect(text.length).toBe(409_580);
    const vocabulary = Vocabulary.fromText(text, { size: 3000 });
    const ids = vocabulary.encode(text);
    expect(ids).toHaveLength(82_324);
    expect(vocabulary.size).toBe(3000);
    expect(vocabulary.counts[unknownId] / ids.length).toBeCloseTo(0.0062, 4);
    expect([2, 3, 4, 5].map((id) => vocabulary.word(id))).toEqual(["and", "the", "of", "he"]);
  });
});

describe("a text of the user's", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "text-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("is read as UTF-8, without its byte order mark", async () => {
    const path = join(folder, "good.txt");
    await writeFile(path, "\ufeffÇa 東京 👍\r\n");
    expect(await readText(path)).toBe("Ça 東京 👍\r\n");
  });

  test("is refused when it is missing, a folder, empty, or not UTF-8", async () => {
    const write = async (name: string, bytes: string | Uint8Array) => {
      await writeFile(join(folder, name), bytes);
      return join(folder, name);
    };
    const latin = Uint8Array.from([..."one\ntwo\ncaf"].map((letter) => letter.charCodeAt(0)).concat(0xe9, 0x0a));
    const missing = join(folder, "none.txt");
    const cases: [string, RegExp][] = [
      [missing, /^text is ".*", which is not there, expected a file: check the path, or leave it out/],
      [folder, /^text is ".*", a folder, expected a file$/],
      [await write("empty.txt", ""), /^text ".*" is empty, expected at least a few words$/],
      [await write("blank.txt", "\ufeff \n\n"), /^text ".*" is empty/],
      [await write("latin.txt", latin), /^text ".*" is not UTF-8 in line 3, expected UTF-8: convert it first/],
      [await write("cut.txt", Uint8Array.of(0x61, 0x0a, 0xe6, 0x9d)), /^text ".*" is not UTF-8 in line 2/],
    ];
    for (const [path, message] of cases) {
      const error = await readText(path).catch((caught) => caught);
      expect(error).toBeInstanceOf(RangeError);
      expect(error.code).toBe("ERR_OUT_OF_RANGE");
      expect(error.message).toMatch(message);
    }
  });
});
