import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../src/checkpoint/index.js";
import { type Interruption, watchForInterruption } from "../src/cli/train/interruption.js";
import { addTrain, train } from "../src/cli/train/train.js";
import { Vocabulary } from "../src/cli/train/vocabulary.js";
import { backends } from "../src/index.js";
import { folder, forgetPrinted, inFolders, print, printed, runVerb, smallText } from "./verbs.js";

inFolders();
let text: string;
beforeEach(() => {
  text = join(folder, "small.txt");
  writeFileSync(text, `${smallText(400)}seldom seen\n`);
});
const run = (...args: string[]): Promise<void> => runVerb(addTrain, "train", ...args);

const never: Interruption = { happened: false };

/** Stops when it is asked for the n-th time: a Ctrl-C that comes at the same step on every machine. */
function at(asked: number): Interruption {
  let count = 0;
  return {
    get happened() {
      return ++count >= asked;
    },
  };
}

const models = {
  skipgram: { model: "skipgram", dim: 12, epochs: 3, window: 3, subsample: 0.01, lr: 0.1 },
  cbow: { model: "cbow", dim: 12, epochs: 7, window: 3, subsample: 0.01, lr: 0.1 },
  lm: { dim: 8, context: 3, epochs: 2, batch: 16 },
};
type Model = keyof typeof models;

/** Trains on the small text; gives the bytes of the file. */
async function trained(model: Model, options: Record<string, unknown> = {}, interruption = never): Promise<Buffer> {
  const out = join(folder, `${model}.safetensors`);
  await train(text, { ...models[model], out, ...options }, interruption);
  process.exitCode = undefined;
  return readFileSync(out);
}

const available = backends()
  .filter(({ supported }) => supported)
  .map(({ name, isa }) => `${name}:${isa}`);

describe.each(["skipgram", "cbow"] as const)("train --model %s", (model) => {
  test("gives the same bytes on every backend, and others for another seed", async () => {
    const expected = await trained(model, { backend: "js" });
    expect(available.length).toBeGreaterThan(1);
    for (const backend of available) {
      expect(expected.equals(await trained(model, { backend })), backend).toBe(true);
    }
    expect(expected.equals(await trained(model, { seed: 124 }))).toBe(false);
  });

  test("saves both tables and the vocabulary, and nothing that tells of where and when", async () => {
    const { tensors, metadata } = decodeSafetensors(new Uint8Array(await trained(model)));
    const vocabulary = Vocabulary.fromJSON(metadata.vocabulary);
    expect(vocabulary.size).toBe(2 + 1 + 4 + 4 + 4 + 4);
    expect(vocabulary.counts[0]).toBe(2); // "seldom" and "seen" come up once
    const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
    expect(shapes).toEqual({ "input.weight": [19, 12], "output.weight": [19, 12] });
    for (const { data } of tensors.values()) {
      expect((data as Float32Array).subarray(0, 24)).toEqual(new Float32Array(24)); // <unk> and </s> are not trained
    }
    const { vocabulary: _, ...rest } = metadata;
    expect(rest).toEqual({
      format: "nn-embedding word vectors",
      formatVersion: "1",
      ...{ model, dim: "12", window: "3", negatives: "5", minCount: "5", subsample: "0.01", lr: "0.1", seed: "123" },
      epochs: String(models[model].epochs),
    });
    expect(readdirSync(folder).sort()).toEqual([`${model}.safetensors`, "small.txt"]);
  });

  test("learns which words are alike, and shows it", async () => {
    const { tensors, metadata } = decodeSafetensors(
      new Uint8Array(await trained(model, { epochs: 30, subsample: 0, lr: 0.05 })),
    );
    const losses = [...printed.matchAll(/^\d+\/30 +([\d.]+) +[\d,]+$/gm)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(30);
    expect(losses[0]).toBeLessThan(4.3); // 6 log 2 is 4.16: where all begins
    expect(losses[29]).toBeLessThan(losses[0] - 0.7);
    expect(printed).toMatch(/\nnearest neighbors\n( {2}\S+ +(\S+ ?)+\n)+/);
    const vocabulary = Vocabulary.fromJSON(metadata.vocabulary);
    const table = tensors.get("input.weight")!.data as Float32Array;
    const vector = (word: string) => {
      const [id] = vocabulary.encode(word);
      return table.subarray(id * 12, (id + 1) * 12);
    };
    const cosine = (a: Float32Array, b: Float32Array) => {
      const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, each, j) => sum + each * y[j], 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    expect(cosine(vector("three"), vector("four"))).toBeGreaterThan(cosine(vector("three"), vector("queen")));
    expect(cosine(vector("cat"), vector("queen"))).toBeGreaterThan(cosine(vector("cat"), vector("music")));
  });

  test("writes the text format of word2vec, which parses back to the same floats", async () => {
    const { tensors, metadata } = decodeSafetensors(new Uint8Array(await trained(model)));
    const vocabulary = Vocabulary.fromJSON(metadata.vocabulary);
    const out = join(folder, "vectors.txt");
    await train(text, { ...models[model], format: "word2vec", out }, never);
    const [header, ...lines] = readFileSync(out, "utf8").trimEnd().split("\n");
    expect(header).toBe("17 12");
    expect(lines).toHaveLength(17);
    const table = tensors.get("input.weight")!.data as Float32Array;
    for (const [i, line] of lines.entries()) {
      const [word, ...floats] = line.split(" ");
      expect(word).toBe(vocabulary.word(i + 2));
      expect(Float32Array.from(floats, Number)).toEqual(table.subarray((i + 2) * 12, (i + 3) * 12));
    }
  });
});

describe.each(["skipgram", "cbow", "lm"] as const)("train --model %s, interrupted", (model) => {
  test("goes on as if nothing had happened, wherever it stopped and on whichever backend it goes on", async () => {
    const unbroken = await trained(model);
    const path = join(folder, `${model}.safetensors`);
    let broken = 0;
    for (const [i, asked] of [1, 2, 3, 5, 8, 13, 21, 34, 55, 107, 108, 150].entries()) {
      const unfinished = await trained(model, {}, at(asked));
      if (unbroken.equals(unfinished)) continue; // it was done before
      broken++;
      forgetPrinted();
      await train(text, { resume: path, backend: available[i % available.length] }, never);
      expect(readFileSync(path).equals(unbroken), `asked ${asked}`).toBe(true);
      expect(printed).toContain(`saved    ${path}`);
    }
    expect(broken).toBeGreaterThan(model === "lm" ? 10 : 2);
  });

  test("may be interrupted again and again", async () => {
    const unbroken = await trained(model);
    const path = join(folder, `${model}.safetensors`);
    await trained(model, {}, at(1));
    for (let i = 0; i < 3; i++) await train(text, { resume: path }, at(2));
    await train(text, { resume: path }, never);
    expect(readFileSync(path).equals(unbroken)).toBe(true);
    process.exitCode = undefined;
  });

  test("says how to go on, and ends as shells count", async () => {
    const out = join(folder, "it's.safetensors");
    await train(text, { ...models[model], out, backend: "js" }, at(1));
    expect(process.exitCode).toBe(130);
    process.exitCode = undefined;
    expect(printed).toContain(`interrupted: saved ${out}; go on with\n`);
    expect(printed).toContain(`  nn-embedding train ${text} --resume '${folder}/it'\\''s.safetensors' --backend js\n`);
    expect(readdirSync(folder).sort()).toEqual(["it's.safetensors", "small.txt"]);
  });

  test("goes on to text, from a checkpoint beside it", async () => {
    const out = join(folder, "vectors.txt");
    await train(text, { ...models[model], format: "word2vec", out }, never);
    const unbroken = readFileSync(out);
    rmSync(out);
    await train(text, { ...models[model], format: "word2vec", out }, at(2));
    expect(readdirSync(folder).sort()).toEqual(["small.txt", "vectors.txt.unfinished.safetensors"]);
    expect(printed).toContain(`--resume ${out}.unfinished.safetensors --format word2vec --out ${out}\n`);
    await train(text, { resume: `${out}.unfinished.safetensors`, format: "word2vec", out }, never);
    expect(readFileSync(out).equals(unbroken)).toBe(true);
    process.exitCode = undefined;
  });

  test("refuses at once a text that lies where an interruption would be saved", async () => {
    const out = join(folder, "it");
    const inTheWay = `${out}.unfinished.safetensors`;
    cpSync(text, inTheWay);
    const options = { ...models[model], format: "word2vec", out };
    await expect(train(inTheWay, options, at(2))).rejects.toThrow("the text itself");
    expect(readFileSync(inTheWay).equals(readFileSync(text))).toBe(true);
  });

  test("refuses what does not belong to what was begun", async () => {
    await trained(model, {}, at(1));
    const resume = join(folder, `${model}.safetensors`);
    const saved = readFileSync(resume);
    const refused = async (file: string, options: Record<string, unknown>, message: string) => {
      await expect(train(file, { resume, ...options }, never)).rejects.toThrow(message);
      expect(readFileSync(resume).equals(saved)).toBe(true);
    };
    await refused(text, { dim: 9 }, `--dim is 9, expected ${models[model].dim}, with which "`);
    await refused(text, { epochs: 50 }, "leave it out");
    await refused(text, { model: model === "cbow" ? "lm" : "cbow" }, "--model is ");
    const other = join(folder, "other.txt");
    writeFileSync(other, smallText(399));
    await refused(other, {}, "text is another than that of ");
    await train(text, { resume, dim: models[model].dim }, never); // to say it again is not to contradict
    await expect(train(text, { resume }, never)).rejects.toThrow(
      "a training that is finished, expected an unfinished one",
    );
  });

  test("refuses a damaged file", async () => {
    await trained(model, {}, at(1));
    const resume = join(folder, `${model}.safetensors`);
    const { tensors, metadata } = decodeSafetensors(new Uint8Array(readFileSync(resume)));
    const { settings, text: hash, state } = JSON.parse(metadata.resume);
    const refused = async (changed: unknown, message: string) => {
      const json =
        typeof changed === "string" ? changed : JSON.stringify({ settings, text: hash, state, ...(changed as object) });
      writeFileSync(resume, encodeSafetensors(tensors, { ...metadata, resume: json }));
      await expect(train(text, { resume }, never)).rejects.toThrow(message);
    };
    await refused("{", 'resume is "{", expected JSON');
    await refused("5", "resume.settings is undefined, expected an object");
    await refused({ settings: { ...settings, dim: "many" } }, '--dim is "many", expected');
    await refused({ state: null }, "resume.state is null, expected an object");
    await refused({ state: { ...state, epoch: 99 } }, "resume.state.epoch is 99, expected an integer in [0, ");
    await refused({ state: { ...state, sum: "much" } }, 'resume.state.sum is "much"');
    if (model === "lm")
      await refused(
        { state: { ...state, generator: 5 } },
        "resume.state is an instance of Object, expected one that fits",
      );
    else await refused({ state: { ...state, draws: [1] } }, "resume.state.draws is Array(1), expected 4 integers");
    if (model !== "lm") await refused({ state: { ...state, draws: [1, 2, 3, -4] } }, "resume.state.draws[3] is -4");
    const name = model === "lm" ? "head.bias" : "output.weight";
    tensors.delete(name);
    await refused({}, `tensor "${name}" is not there, expected F32 [`);
  });
});

describe("train, its new options", () => {
  const refusals: [string[], string][] = [
    [["--model", "bert"], '--model is "bert", expected "lm" or "skipgram" or "cbow"'],
    [["--window", "3"], "--window is 3 with --model lm, expected it only with --model skipgram or cbow"],
    [["--min-count", "3"], "--min-count is 3 with --model lm"],
    [["--model", "cbow", "--context", "3"], "--context is 3 with --model cbow, expected it only with --model lm"],
    [["--model", "cbow", "--steps", "3"], "--steps is 3 with --model cbow"],
    [["--model", "cbow", "--window", "0"], "--window is 0, expected an integer in [1, 1000]"],
    [["--model", "cbow", "--negatives", "64"], "--negatives is 64, expected an integer in [1, 63]"],
    [["--model", "cbow", "--min-count", "1.5"], "--min-count is 1.5, expected a positive integer"],
    [["--model", "cbow", "--min-count", "5000"], 'minCount is 5000, expected at most 400, as often as "the"'],
    [["--model", "cbow", "--min-count", "400"], "text has 1 words that come up often enough, expected at least two"],
    [["--model", "cbow", "--subsample=-1"], "--subsample is -1, expected a finite number >= 0"],
    [["--model", "cbow", "--dim", "65537"], "--dim is 65537, expected an integer in [1, 65536]"],
    [["--model", "skipgram", "--lr", "1e30"], "steps, expected a number: --lr 1e+30 is too high"],
    [["--threads", "2"], "--threads is 2, expected an integer in [1, 1]"],
    [["--format", "csv"], '--format is "csv", expected "safetensors" or "word2vec"'],
    [["--resume", "7"], "--resume is the number 7, expected a path"],
    [["--resume", "nowhere.safetensors"], "which is not there, expected what an unfinished training saved"],
    [["--resume", "."], "a folder, expected what an unfinished training saved"],
    [["--window", "3", "--window", "4"], "--window is given 2 times, expected once"],
  ];
  test.each(refusals)("refuses %j", async (args, message) => {
    await expect(run(text, "--out", join(folder, "x"), ...args)).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(["small.txt"]);
  });

  test("refuses to resume from a file of another kind", async () => {
    const path = join(folder, "other.safetensors");
    writeFileSync(path, encodeSafetensors({ x: { shape: [1], data: Float32Array.of(1) } }));
    await expect(run(text, "--resume", path)).rejects.toThrow("not of nn-embedding train, expected an unfinished one");
    await expect(run(text, "--resume", text)).rejects.toMatchObject({ code: "ERR_INVALID_CHECKPOINT" });
  });

  test("takes --threads 1, and words of a line apart that has but one", async () => {
    writeFileSync(text, "one\ntwo\n".repeat(9));
    await run(text, "--model", "skipgram", "--threads", "1", "--epochs", "2", "--out", join(folder, "x"));
    expect(printed).toMatch(/^1\/2 +- +[\d,]+$/m);
    expect(readdirSync(folder).sort()).toEqual(["small.txt", "x"]);
  });

  test("saves a language model that was stopped by --steps, to go on from", async () => {
    const unbroken = await trained("lm");
    const path = join(folder, "lm.safetensors");
    for (const steps of [1, 107, 110]) {
      await trained("lm", { steps });
      await train(text, { resume: path }, never);
      expect(readFileSync(path).equals(unbroken)).toBe(true);
    }
  });
});

describe("Ctrl-C", () => {
  test("is heard once, and then left to the system", () => {
    const listening = process.listenerCount("SIGINT");
    const interruption = watchForInterruption();
    expect(interruption.happened).toBe(false);
    expect(process.listenerCount("SIGINT")).toBe(listening + 1);
    process.emit("SIGINT");
    expect(interruption.happened).toBe(true);
    expect(process.listenerCount("SIGINT")).toBe(listening);
    interruption.stop();
    expect(interruption.happened).toBe(true);
  });

  test.each(["lm", "skipgram"])("stops training of %s, saves, and leaves no listener behind", async (model) => {
    const listening = process.listenerCount("SIGINT");
    vi.mocked(console.log).mockImplementation((line: string) => {
      print(line);
      if (line.startsWith("1/")) process.emit("SIGINT");
    });
    await run(text, "--model", model, "--epochs", "1000000", "--out", join(folder, "x"));
    expect(process.exitCode).toBe(130);
    process.exitCode = undefined;
    expect(printed).toContain("interrupted: saved ");
    expect(readdirSync(folder).sort()).toEqual(["small.txt", "x"]);
    expect(process.listenerCount("SIGINT")).toBe(listening);
  });
});
