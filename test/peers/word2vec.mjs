/**
 * node test/peers/word2vec.mjs [rounds]: word2vec here, in Debian's fastText and in gensim, on the same text with the same settings.
 *
 * Needs Debian's bible-kjv, fasttext and python3-gensim, and a built checkout. Speed is words of the text a second of CPU time and thread:
 * each trainer runs one epoch and then five, and the difference is four epochs of training without reading and saving. Rounds interleave
 * the trainers, medians are told. Quality is how many of a word's ten nearest neighbors two tables share, over 100 frequent words.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const rounds = Number(process.argv[2] ?? 3);
const cli = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "word2vec-peers-"));
const corpus = join(folder, "bible.txt");
const settings = { dim: 100, window: 5, negatives: 5, minCount: 5, subsample: 1e-4, lr: 0.05 };
const [few, many] = [1, 5];

/** Words that come up less often have hardly left the place where chance put them: no neighbors, as in `nn-embedding train`. */
const leastCount = 20;

const gensim = `
import sys
from gensim.models import Word2Vec
from gensim.models.word2vec import LineSentence
text, sg, epochs, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
model = Word2Vec(LineSentence(text), vector_size=100, window=5, negative=5, min_count=5, sample=1e-4, alpha=0.05, sg=sg, hs=0, workers=1, epochs=epochs)
model.wv.save_word2vec_format(out)
`;

/** Each trainer as a command: model, epochs and output file in, words and their vectors as text out. */
const trainers = {
  fastText: (model, epochs, out, seed = 1) => [
    "fasttext",
    model,
    ...["-input", corpus, "-output", out, "-dim", 100, "-ws", 5, "-neg", 5, "-minCount", 5, "-t", 1e-4, "-lr", 0.05],
    ...["-epoch", epochs, "-thread", 1, "-minn", 0, "-maxn", 0, "-seed", seed, "-verbose", 0],
  ],
  gensim: (model, epochs, out) => [
    "/usr/bin/python3",
    "-c",
    gensim,
    corpus,
    model === "cbow" ? 0 : 1,
    epochs,
    `${out}.vec`,
  ],
  "here, native": (model, epochs, out) => here("native", model, epochs, out),
  "here, wasm": (model, epochs, out) => here("wasm", model, epochs, out),
};

function here(backend, model, epochs, out) {
  const options = { model, epochs, backend, out: `${out}.vec`, format: "word2vec", ...settings };
  const flags = Object.entries(options).map(
    ([name, value]) => `--${name === "minCount" ? "min-count" : name}=${value}`,
  );
  return [process.execPath, cli, "train", corpus, ...flags];
}

/** Runs a command on one processor's worth of threads; seconds of CPU time, user and system. */
function secondsOf(command) {
  const timed = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null 2>> "$0"';
  const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const { stderr, status } = spawnSync("bash", ["-c", timed, join(folder, "log"), ...command.map(String)], {
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${command[0]} failed: ${readFileSync(join(folder, "log"), "utf8").slice(-2000)}`);
  return stderr
    .trim()
    .split(/\s+/)
    .slice(-2)
    .reduce((sum, each) => sum + Number(each), 0);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Words and unit vectors of a file in the text format of word2vec. */
function read(path) {
  const [, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [word, ...floats] = line.trim().split(" ");
      const norm = Math.hypot(...floats.map(Number)) || 1;
      return [word, Float64Array.from(floats, (x) => Number(x) / norm)];
    }),
  );
}

/** The mean part of ten nearest neighbors that two tables share, over words; both look among `vocabulary`. */
function overlap(left, right, words, vocabulary) {
  const nearest = (table, word) => {
    const scores = vocabulary.map((other) => [
      other,
      table.get(other).reduce((sum, x, j) => sum + x * table.get(word)[j], 0),
    ]);
    return new Set(
      scores
        .sort((a, b) => b[1] - a[1])
        .slice(1, 11)
        .map(([other]) => other),
    );
  };
  const shared = words.map((word) => {
    const there = nearest(right, word);
    return [...nearest(left, word)].filter((other) => there.has(other)).length / 10;
  });
  return shared.reduce((sum, each) => sum + each, 0) / words.length;
}

const verses = execFileSync("bible", ["-f", "gen1:1-rev22:21"], { encoding: "utf8", maxBuffer: 2 ** 26 });
const lines = verses.split("\n").map((line) =>
  line
    .replace(/^\w+:\d+ /, "")
    .toLowerCase()
    .match(/[a-z]+/g)
    ?.join(" "),
);
const text = `${lines.filter(Boolean).join("\n")}\n`;
writeFileSync(corpus, text);
const all = text.trim().split(/\s+/);
const numWords = all.length;
const counts = new Map();
for (const word of all) counts.set(word, (counts.get(word) ?? 0) + 1);
console.log(`${numWords} words; ${JSON.stringify(settings)}; ${rounds} rounds\n`);

for (const model of ["skipgram", "cbow"]) {
  const seconds = Object.fromEntries(Object.keys(trainers).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(trainers)) {
      const out = join(folder, `${name.replace(/\W+/g, "-")}-${model}`);
      seconds[name].push(secondsOf(command(model, many, out)) - secondsOf(command(model, few, `${out}-few`)));
    }
  }
  const speed = (name) => (numWords * (many - few)) / median(seconds[name]);
  console.log(`${model.padEnd(14)} words/s   x fastText   x gensim   rounds, s`);
  for (const name of Object.keys(trainers)) {
    const ratios = ["fastText", "gensim"].map((peer) => (speed(name) / speed(peer)).toFixed(2).padStart(10));
    const all = seconds[name].map((each) => each.toFixed(2)).join(" ");
    console.log(`${name.padEnd(14)} ${(speed(name) / 1000).toFixed(0).padStart(5)} k  ${ratios.join(" ")}   ${all}`);
  }
  const file = (name) => join(folder, `${name}-${model}.vec`);
  secondsOf(trainers.fastText(model, many, join(folder, `second-${model}`), 2));
  const [first, second, ours, theirs] = ["fastText", "second", "here-native", "gensim"].map((name) => read(file(name)));
  const isOften = (word) => counts.get(word) >= leastCount && first.has(word) && theirs.has(word);
  const vocabulary = [...ours.keys()].filter(isOften); // in order of frequency
  const words = vocabulary.slice(100, 200); // behind a hundred that carry little meaning
  const told = Object.entries({ "two seeds of fastText": second, here: ours, gensim: theirs }).map(
    ([name, table]) => `${name} ${overlap(table, first, words, vocabulary).toFixed(3)}`,
  );
  console.log(`neighbors shared with fastText: ${told.join(", ")}`);
  const same = readFileSync(file("here-native")).equals(readFileSync(file("here-wasm")));
  console.log(`native and wasm ${same ? "give the same file, byte for byte" : "DIFFER"}\n`);
  if (!same) process.exitCode = 1;
}
rmSync(folder, { recursive: true });
