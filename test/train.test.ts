import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { decodeSafetensors } from "../src/checkpoint/index.js";
import { batches, randomOrder, splitExamples } from "../src/cli/train/batches.js";
import { LanguageModel, type LanguageModelOptions } from "../src/cli/train/languageModel.js";
import { nearestNeighbors } from "../src/cli/train/neighbors.js";
import { duration, Progress, thousands } from "../src/cli/train/progress.js";
import { addTrain } from "../src/cli/train/train.js";
import { Vocabulary } from "../src/cli/train/vocabulary.js";
import { backends, Embedding, Generator } from "../src/index.js";
import { folder, inFolders, printed, runVerb, smallText } from "./verbs.js";

inFolders();
const run = (...args: string[]): Promise<void> => runVerb(addTrain, "train", ...args);

/** Trains on the small text and gives the bytes of the file. */
async function trainSmall(...args: string[]): Promise<Buffer> {
  const text = join(folder, "small.txt");
  const out = join(folder, "small.safetensors");
  writeFileSync(text, smallText(300));
  await run(text, "--dim", "8", "--context", "3", "--epochs", "2", "--batch", "16", "--out", out, ...args);
  return readFileSync(out);
}

const available = backends()
  .filter(({ supported }) => supported)
  .map(({ name, isa }) => `${name}:${isa}`);

describe("train", () => {
  test.each(["multiply", "add"])("gives the same bytes on every backend, positions %s", async (positions) => {
    const expected = await trainSmall("--backend", "js", "--positions", positions);
    expect(available.length).toBeGreaterThan(1);
    for (const backend of available) {
      expect(expected.equals(await trainSmall("--backend", backend, "--positions", positions)), backend).toBe(true);
    }
    expect(expected.equals(await trainSmall("--positions", positions, "--seed", "124"))).toBe(false);
  });

  test("gives the same bytes for a longer batch and a wider table, where all kernels take part", async () => {
    const args = ["--dim", "64", "--batch", "64", "--steps", "4"];
    writeFileSync(
      join(folder, "text.txt"),
      smallText(100).concat(Array.from({ length: 500 }, (_, i) => `w${i}`).join(" ")),
    );
    const files = new Map<string, string>();
    for (const backend of available) {
      const out = join(folder, "wide.safetensors");
      await run(join(folder, "text.txt"), ...args, "--backend", backend, "--out", out);
      files.set(backend, readFileSync(out, "base64"));
    }
    expect(new Set(files.values()).size).toBe(1);
  });

  test("saves tables and vocabulary, and nothing that tells of where and when", async () => {
    const { tensors, metadata } = decodeSafetensors(new Uint8Array(await trainSmall("--backend", "js")));
    const vocabulary = Vocabulary.fromJSON(metadata.vocabulary);
    const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
    expect(shapes).toEqual({
      "head.bias": [vocabulary.size, 1],
      "positions.weight": [3, 8],
      "tokens.weight": [vocabulary.size, 8],
    });
    expect(vocabulary.encode("queen")[0]).toBeGreaterThan(1);
    expect(vocabulary.size).toBe(2 + 1 + 4 + 4 + 4 + 4);
    const { vocabulary: _, ...rest } = metadata;
    expect(rest).toEqual({
      format: "nn-embedding language model",
      formatVersion: "1",
      optimizer: "Adagrad",
      positions: "multiply",
      epochs: "2",
      steps: "214", // 300 lines of 6 tokens, less 3; 1708 of them trained on, in batches of 16, twice
      dim: "8",
      context: "3",
      batch: "16",
      lr: "0.1",
      eps: "1e-8",
      seed: "123",
    });
    expect(readdirSync(folder).sort()).toEqual(["small.safetensors", "small.txt"]);
  });

  test("learns, and shows it", async () => {
    await trainSmall();
    const losses = [...printed.matchAll(/^(\d)\/2 +([\d.]+) +([\d.]+) +[\d,]+$/gm)].map((row) =>
      row.slice(2, 4).map(Number),
    );
    expect(losses).toHaveLength(2);
    expect(losses[1][0]).toBeLessThan(losses[0][0]);
    expect(losses[1][1]).toBeLessThan(losses[0][1]);
    expect(losses[1][1]).toBeLessThan(1.3); // log 17 is 2.8; (3 log 4) / 6 = 0.7 is what chance leaves
    expect(printed).toContain(`backend  ${backends().find(({ chosen }) => chosen)!.name}`);
    expect(printed).toMatch(/\nnearest neighbors\n( {2}\S+ +(\S+ ?)+\n)+/);
    expect(printed).toContain("small.safetensors: tokens.weight, positions.weight, head.bias and the vocabulary");
  });

  test("takes a text with fewer words than the vocabulary may have, a batch larger than the text, one step", async () => {
    const text = join(folder, "few.txt");
    const out = join(folder, "few.safetensors");
    writeFileSync(text, "one two three\nfour five six\n");
    await run(text, "--context", "2", "--vocabulary", "100000", "--batch", "1000", "--steps", "1", "--out", out);
    expect(printed).toContain("vocabulary of 8 (0.0 %");
    expect(printed).toMatch(/^1\/5 +[\d.]+ +- /m); // too short to hold anything back
    expect(printed).toContain("no word came up often enough");
    expect(decodeSafetensors(new Uint8Array(readFileSync(out))).metadata.steps).toBe("1");
  });

  test.each([
    [["--vocabulary", "1"], "--vocabulary is 1, expected an integer in [3, 2147483647]"],
    [["--dim", "0"], "--dim is 0, expected a positive integer"],
    [["--dim", "2.5"], "--dim is 2.5"],
    [["--dim", "abc"], '--dim is "abc"'],
    [["--dim", "1e9"], "words x --dim is"],
    [["--dim.x", "3"], "--dim is an instance of Object"],
    [["--dim", "3", "--dim", "4"], "--dim is given 2 times"],
    [["--epochs=-1"], "--epochs is -1"],
    [["--batch", "NaN"], '--batch is "NaN"'],
    [["--context", "100000"], "text has 36 words"],
    [["--steps", "0"], "--steps is 0"],
    [["--lr", "0"], "--lr is 0, expected a finite number > 0"],
    [["--lr"], "value is missing"],
    [["--lr", "1e30"], "loss is NaN after 2 steps, expected a number: --lr 1e+30 is too high"],
    [["--seed", "4294967296"], "--seed is 4294967296, expected an integer in [0, 4294967295]"],
    [["--positions", "both"], '--positions is "both", expected "multiply" or "add"'],
    [["--backend", "cuda"], 'backend is "cuda", expected one of'],
    [["--out", "7"], "--out is the number 7"],
    [["--frobnicate", "3"], "Unknown option `--frobnicate`"],
    [["more.txt"], "Unused args: `more.txt`"],
    [["--", "more.txt"], '-- is followed by "more.txt"'],
  ])("refuses %j", async (args, message) => {
    const text = join(folder, "text.txt");
    const out = args.includes("--out") ? [] : ["--out", join(folder, "x")];
    writeFileSync(text, smallText(6));
    await expect(run(text, ...out, ...args)).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(["text.txt"]);
  });

  test("refuses what it cannot read, and before training what it cannot write", async () => {
    const text = join(folder, "text.txt");
    writeFileSync(text, smallText(6));
    writeFileSync(join(folder, "empty.txt"), "");
    const saying = (message: string): object => ({
      code: "ERR_OUT_OF_RANGE",
      message: expect.stringContaining(message),
    });
    await expect(run(join(folder, "none.txt"))).rejects.toMatchObject(saying("which is not there"));
    await expect(run(join(folder, "empty.txt"))).rejects.toMatchObject(saying("is empty"));
    await expect(run(text, "--out", join(folder, "no", "x"))).rejects.toMatchObject(saying("folder is not there"));
    await expect(run(text, "--out", folder)).rejects.toMatchObject(saying("not a file"));
    await expect(run(text, "--out", text)).rejects.toMatchObject(saying("the text itself"));
    expect(printed).toBe("");
  });
});

describe("LanguageModel", () => {
  const numTokens = 7;
  const dim = 5;
  const context = 3;
  const windows = Uint32Array.of(1, 2, 3, 2, 2, 5, 6, 1, 2, 4, 4, 4);
  const targets = Uint32Array.of(4, 6, 1, 2);
  const small = { numTokens, dim, context, lr: 0.1 };

  /** The model's loss in doubles, written for clarity: tables in, mean cross-entropy out. */
  function lossOf(positions: "multiply" | "add", E: number[], P: number[], b: number[]): number {
    let sum = 0;
    targets.forEach((target, i) => {
      const hidden = Array.from({ length: dim }, (_, d) => {
        let mean = 0;
        for (let c = 0; c < context; c++) {
          const word = E[windows[i * context + c] * dim + d];
          const place = P[c * dim + d];
          mean += (positions === "multiply" ? place * word : place + word) / context;
        }
        return mean;
      });
      const logits = b.map((bias, v) => bias + hidden.reduce((dot, h, d) => dot + h * E[v * dim + d], 0));
      sum += Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0)) - logits[target];
    });
    return sum / targets.length;
  }

  test.each(["multiply", "add"] as const)(
    "has the gradient that central differences give, positions %s",
    (positions) => {
      const options: LanguageModelOptions = { ...small, positions, generator: new Generator(3), backend: "js" };
      const model = new LanguageModel(options);
      const parameters = Object.values(model.tensors);
      const generator = new Generator(4);
      for (const { data } of parameters) for (let i = 0; i < data.length; i++) data[i] = 2 * generator.float32() - 1;
      const loss = model.backward(windows, targets);
      const values = parameters.map(({ data }) => Array.from(data));
      const at = (): number => lossOf(positions, values[0], values[1], values[2]);
      expect(loss).toBeCloseTo(at(), 6);
      expect(model.measure(windows, targets)).toBeCloseTo(targets.length * at(), 5);
      parameters.forEach(({ grad }, p) => {
        const given = grad!.toDense();
        values[p].forEach((value, i) => {
          const step = 1e-5;
          values[p][i] = value + step;
          const above = at();
          values[p][i] = value - step;
          const below = at();
          values[p][i] = value;
          expect(given[i], `parameter ${p}, element ${i}`).toBeCloseTo((above - below) / (2 * step), 6);
        });
      });
      model.dispose();
    },
  );

  test("starts as it says: tokens N(0, 0.05), positions 1 or N(0, 0.05), bias 0", () => {
    const multiply = new LanguageModel({ ...small, positions: "multiply", generator: new Generator(3) });
    const add = new LanguageModel({ ...small, positions: "add", generator: new Generator(3) });
    const drawn = new Embedding(numTokens, dim, { generator: new Generator(3) });
    const expected = drawn.weight.data.map((x) => x * Math.fround(0.05));
    expect([...multiply.tokens.weight.data]).toEqual([...expected]);
    expect([...add.tokens.weight.data]).toEqual([...expected]);
    expect([...multiply.positions.weight.data]).toEqual(new Array(context * dim).fill(1));
    expect(Math.max(...add.positions.weight.data.map(Math.abs))).toBeLessThan(0.3);
    expect([...multiply.head.bias!.data]).toEqual(new Array(numTokens).fill(0));
    for (const layer of [multiply, add, drawn]) layer.dispose();
    expect(() => multiply.forward(windows)).toThrow("weight is disposed");
  });

  test("sees the order of words when positions multiply, not when they are added", () => {
    const hidden = (positions: "multiply" | "add", window: number[]): number[] => {
      const model = new LanguageModel({ ...small, positions, generator: new Generator(3) });
      model.step(windows, targets); // the positions leave 1
      const result = Array.from(model.forward(Uint32Array.from(window)), (x) => Number(x.toFixed(5)));
      model.dispose();
      return result;
    };
    expect(hidden("multiply", [1, 2, 3])).not.toEqual(hidden("multiply", [3, 2, 1]));
    expect(hidden("add", [1, 2, 3])).toEqual(hidden("add", [3, 2, 1]));
  });

  test("takes batches of any size, with the same result one by one", () => {
    const model = new LanguageModel({ ...small, positions: "multiply", generator: new Generator(3) });
    const together = model.forward(windows).slice();
    const apart = [...targets.keys()].flatMap((i) => [
      ...model.forward(windows.subarray(i * context, (i + 1) * context)),
    ]);
    expect(apart).toEqual([...together]);
    model.dispose();
  });
});

describe("batches", () => {
  test("keeps the end of the text back", () => {
    expect(splitExamples(105, 5)).toEqual({ numTraining: 95, numExamples: 100 });
    expect(splitExamples(6, 5)).toEqual({ numTraining: 1, numExamples: 1 });
    expect(() => splitExamples(5, 5)).toThrow("text has 5 words");
  });

  test("shuffles as torch.randperm does", () => {
    // torch.manual_seed(0); torch.randperm(10)
    expect([...randomOrder(10, new Generator(0))]).toEqual([4, 1, 7, 5, 3, 9, 0, 8, 6, 2]);
    expect([...randomOrder(1000, new Generator(1))].sort((i, j) => i - j)).toEqual([...Array(1000).keys()]);
    expect([...randomOrder(0, new Generator(0))]).toEqual([]);
  });

  test("cuts windows and targets, the last batch smaller", () => {
    const tokens = Uint32Array.of(10, 11, 12, 13, 14);
    const cut = Array.from(batches(tokens, 2, Uint32Array.of(2, 0, 1), 2), ({ windows, targets }) => [
      [...windows],
      [...targets],
    ]);
    expect(cut).toEqual([
      [
        [12, 13, 10, 11],
        [14, 12],
      ],
      [[11, 12], [13]],
    ]);
  });
});

describe("nearestNeighbors", () => {
  test("finds what lies in the same direction among words seen often, and no word twice", () => {
    const words = ["the", "and", "a", "b", "c", "d", "i", "j"];
    const counts = [400, 300, 90, 80, 70, 60, 50, 3]; // "and" completes the first half; j is seldom
    const text = words.map((word, i) => `${word} `.repeat(counts[i])).join("\n");
    const vocabulary = Vocabulary.fromText(text, { size: 100 });
    const specials = [0, 0, 0, 0];
    const rows = [-1, -5, -1, 0.2, 1, 0, 0, 1, 10, 1, 1, 10, -1, 0.3, 1, 0];
    const table = Embedding.fromPretrained(Float32Array.from([...specials, ...rows]), { embeddingDim: 2 });
    const found = nearestNeighbors(table, vocabulary, 9, 2);
    expect(found.map(({ word, neighbors }) => [word, ...neighbors.map((each) => each.word)].join(" "))).toEqual([
      "and i b",
      "a c d",
    ]);
    expect(found[1].neighbors[0].cosine).toBeCloseTo(10 / Math.hypot(10, 1), 6);
    expect(nearestNeighbors(table, vocabulary, 1, 2)).toHaveLength(1);
    table.dispose();
  });

  test("finds nothing in a text too short to say, and stands rows of zeros", () => {
    const few = Vocabulary.fromText("one two three", { size: 9 });
    const zeros = Embedding.fromPretrained(new Float32Array(5 * 2), { embeddingDim: 2 });
    expect(nearestNeighbors(zeros, few, 5, 5)).toEqual([]);
    const many = Vocabulary.fromText("one two three ".repeat(100), { size: 9 });
    for (const { neighbors } of nearestNeighbors(zeros, many, 5, 5)) {
      for (const { cosine } of neighbors) expect(cosine).toBe(0);
    }
    zeros.dispose();
  });
});

describe("progress", () => {
  test("writes a line now and then where there is no terminal", () => {
    const written: string[] = [];
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const stream = { isTTY: false, write: (line: string) => written.push(line) } as unknown as NodeJS.WriteStream;
    const progress = new Progress(1000, 5, 0, stream);
    for (let done = 1; done <= 1000; done++) {
      now += 30;
      progress.update(done, { epoch: 1, loss: 5.123, wordsPerSecond: 12345.6 });
    }
    progress.clear();
    expect(written).toHaveLength(2);
    expect(written[0]).toBe("epoch 1/5, 33 %, loss 5.12, 12,346 words/s, 20 s left\n");
  });

  test("writes numbers for people", () => {
    expect([0, 999, 1000, 1234567].map(thousands)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([400, 59_000, 125_000, 3_780_000].map(duration)).toEqual(["0 s", "59 s", "2 min 5 s", "1 h 3 min"]);
  });
});
