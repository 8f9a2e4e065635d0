/**
 * A peer that runs in Node, in a process of its own: `node peer.mjs NAME THREADS FOLDER...`, a line of JSON in, a line of JSON out (peer.ts
 * is the other end). Plain JavaScript, because the tests start it from src, where nothing is compiled.
 *
 * { verb: "load", op, sizes, arrays: [{ name, type, length }], places }, then the bytes of the arrays: does the work once and answers
 *   { values } at these places of the result, or { cannot: why }.
 * { verb: "time", calls } answers { seconds } that so many calls took.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import * as onnxRuntime from "./onnxRuntime.mjs";
import * as tensorFlow from "./tensorFlow.mjs";

const [name, threads, ...folders] = process.argv.slice(2);
const types = { Float32Array, Uint32Array, Uint8Array };

/** Answers have a line of their own: what a library prints goes elsewhere. */
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
for (const way of ["log", "info", "debug", "warn"]) console[way] = () => {};

/** `require` as from the first folder that has all these packages. */
function requireFrom(packages) {
  for (const folder of folders) {
    const require = createRequire(join(folder, "x.js"));
    try {
      for (const each of packages) require.resolve(each);
      return require;
    } catch {} // the next folder, then
  }
  throw new Error(`${packages.join(" and ")} not found`);
}

const library = name.startsWith("onnxruntime") ? onnxRuntime : tensorFlow;
let engine;
try {
  engine = await library.start(requireFrom(library.packages(name)), name, Number(threads));
} catch (error) {
  answer({ missing: String(error?.message ?? error).split("\n", 1)[0] });
  process.exit();
}
answer({ version: engine.version });

const chunks = process.stdin[Symbol.asyncIterator]();
let rest = new Uint8Array(0);

/** The next so many bytes of the input, or those up to the end of a line. */
async function more() {
  const { value, done } = await chunks.next();
  if (done) process.exit();
  return value;
}

async function readLine() {
  let text = "";
  for (;;) {
    const end = rest.indexOf(10);
    text += new TextDecoder().decode(end < 0 ? rest : rest.subarray(0, end));
    if (end >= 0) {
      rest = rest.subarray(end + 1);
      return text;
    }
    rest = await more();
  }
}

async function readArray({ type, length }) {
  const array = new types[type](length);
  const bytes = new Uint8Array(array.buffer);
  for (let at = 0; at < bytes.length; ) {
    if (rest.length === 0) rest = await more();
    const part = rest.subarray(0, bytes.length - at);
    bytes.set(part, at);
    at += part.length;
    rest = rest.subarray(part.length);
  }
  return array;
}

let work;
for (;;) {
  const { verb, ...job } = JSON.parse(await readLine());
  if (verb === "load") {
    const arrays = {};
    for (const each of job.arrays) arrays[each.name] = await readArray(each);
    try {
      await work?.forget();
      work = await engine.load({ ...job, arrays });
      if (work === undefined) answer({ cannot: `${name} has no ${job.op}` });
      else {
        await work.run();
        const values = await work.values();
        answer({ values: job.places.map((place) => values[place]) });
      }
    } catch (error) {
      work = undefined;
      answer({ cannot: String(error?.message ?? error).split("\n", 1)[0] });
    }
  } else {
    const start = performance.now();
    for (let call = 0; call < job.calls; call++) await work.run();
    answer({ seconds: (performance.now() - start) / 1000 });
  }
}
