/**
 * How long the event loop stands still during a long call: the longest gap between two ticks of a 1 ms timer while a call and its asynchronous
 * twin run, medians of interleaved rounds; and how long a file's reading, which takes a thread of Node's pool, waits while several calls are
 * in flight. node test/eventLoop.mjs [BACKEND] from the root of the repository, after `npm run build`.
 */
import { readFile } from "node:fs/promises";
import { Embedding, Unembedding } from "nn-embedding";

const [, , backend = "native"] = process.argv;
const [rows, dim] = [50_257, 768];
const rounds = 7;

const tokens = new Embedding(rows, dim, { backend });
const head = new Unembedding(tokens.weight);
const floats = (length) => Float32Array.from({ length }, () => Math.random() - 0.5);

/** How long a call takes and the longest gap in it, in milliseconds. */
async function measure(call) {
  let last = performance.now();
  let longest = 0;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  longest = 0;
  const start = performance.now();
  await call();
  const took = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 2)); // the tick that a call kept waiting
  clearInterval(timer);
  return { took, longest };
}

/** So many hidden states that a call takes about 200 ms. */
async function rowsFor(call) {
  const hidden = floats(64 * dim);
  await measure(() => call(hidden, 64));
  const { took } = await measure(() => call(hidden, 64));
  return Math.max(1, Math.round((64 * 200) / took));
}

const targetsOf = (n) => Uint32Array.from({ length: n }, (_, i) => (i * 97) % rows);
const calls = {
  topK: (hidden) => head.topK(hidden, 10),
  topKAsync: (hidden) => head.topKAsync(hidden, 10),
  loss: (hidden, n) => head.loss(hidden, targetsOf(n)),
  lossAsync: (hidden, n) => head.lossAsync(hidden, targetsOf(n)),
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

console.log(
  `${tokens.weight.implementation}, table ${rows} x ${dim}: milliseconds, median (least … most) of ${rounds}`,
);
for (const pair of [
  ["topK", "topKAsync"],
  ["loss", "lossAsync"],
]) {
  const n = await rowsFor(calls[pair[0]]);
  const hidden = floats(n * dim);
  const found = Object.fromEntries(pair.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of pair) found[name].push(await measure(() => calls[name](hidden, n)));
  }
  for (const name of pair) {
    const told = (key) => {
      const values = found[name].map((each) => each[key]);
      const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(1));
      return `${median(values).toFixed(1).padStart(6)} (${least} … ${most})`;
    };
    console.log(`${name.padEnd(10)} of ${n} rows: took ${told("took")}, longest gap ${told("longest")}`);
  }
}

/** Calls in flight at once, and how many hidden states each has: its work leaves the event loop in several pieces. */
const [numCalls, fewRows] = [8, 64];

/** How long all those calls take, and each reading of a small file meanwhile, in milliseconds. */
async function readMeanwhile() {
  const hidden = floats(fewRows * dim);
  const start = performance.now();
  let isDone = false;
  const all = Promise.all(Array.from({ length: numCalls }, () => head.topKAsync(hidden, 10))).then(() => {
    isDone = true;
    return performance.now() - start;
  });
  const waits = [];
  while (!isDone) {
    const begun = performance.now();
    await readFile("package.json");
    waits.push(performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { took: await all, waits };
}

await readMeanwhile();
const meanwhile = [];
for (let round = 0; round < rounds; round++) meanwhile.push(await readMeanwhile());
const waits = meanwhile.flatMap((each) => each.waits);
const took = median(meanwhile.map((each) => each.took));
console.log(
  `${numCalls} x topKAsync of ${fewRows} rows at once: took ${took.toFixed(1)}, ` +
    `fs.readFile meanwhile ${median(waits).toFixed(1)}, at most ${Math.max(...waits).toFixed(1)} (${waits.length} times)`,
);
