import { cpSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  findAddon,
  install,
  makeFolder,
  type Report,
  remove,
  report,
  runModule,
  tarball,
  tellModule,
} from "./packed.js";

/** More than one copy of the package in a process, as bundlers, test runners and package managers make them: each works, same bits. */
const folder = makeFolder();
const project = join(folder, "project");
let at: string;
let alone: Report;

beforeAll(() => {
  at = install(tarball, project);
  findAddon(at);
  alone = report(project);
}, 300_000);

afterAll(() => remove(folder), 60_000);

const head = `
  import { createRequire } from "node:module";
  const { tell } = await import(${JSON.stringify(tellModule)});
  const require = createRequire(process.cwd() + "/x.js");
  const say = (value) => console.log(JSON.stringify(value));
`;

test("import and require give one instance", () => {
  const code = `${head} say((await import("nn-embedding")).Embedding === require("nn-embedding").Embedding)`;
  expect(runModule<boolean>(project, code)).toBe(true);
});

test("imported, and required as engines do that know no module-sync", () => {
  const code = `${head}
    const imported = await import("nn-embedding");
    const { SGD } = await import("nn-embedding/optim");
    const common = require("./node_modules/nn-embedding/dist/index.cjs");
    const told = [tell(imported), tell(common), tell(imported)];
    // A layer of one copy, a head and an optimizer of the others.
    const table = new imported.Embedding(9, 4, { sparse: true });
    const head = new common.Unembedding(table.weight);
    const { loss } = head.loss(table.forward([1, 2]), [3, 4]);
    new (require("./node_modules/nn-embedding/dist/optim/index.cjs").SGD)([table.weight], { lr: 0.1 }).step();
    new SGD([table.weight], { lr: 0.1 }).step();
    say({ told, loss });`;
  const { told, loss } = runModule<{ told: Report[]; loss: number }>(project, code);
  expect(told.map(({ bits }) => bits)).toEqual([alone.bits, alone.bits, alone.bits]);
  expect(told[1].chosen).toBe("wasm:simd");
  expect(loss).toBeGreaterThan(0);
});

test("a head of one copy on the table of another: calls off the event loop, resize, dispose", () => {
  const code = `${head}
    const copies = {
      imported: await import("nn-embedding"),
      common: require("./node_modules/nn-embedding/dist/index.cjs"),
      web: await import("nn-embedding/web"),
    };
    const codeOf = (act) => { try { act(); } catch (error) { return error.code ?? String(error); } };
    const all = [];
    for (const [owner, { Embedding, manualSeed }] of Object.entries(copies))
      for (const [user, { Unembedding }] of Object.entries(copies)) {
        manualSeed(1);
        const table = new Embedding(50, 8);
        const hidden = table.forward([1, 2, 3]);
        const head = new Unembedding(table.weight, { bias: true });
        const calls = [head.topKAsync(hidden, 2), head.forwardAsync(hidden), head.lossAsync(hidden, [4, 5, 6])];
        const inFlight = [() => table.dispose(), () => table.resize(60), () => head.dispose()].map(codeOf);
        const [{ indices }, logits, { loss }] = await Promise.all(calls);
        const gradient = table.weight.grad.toDense().join();
        table.resize(60);
        const sizes = [head.numEmbeddings, head.bias.shape[0], head.forward(hidden).length];
        const settled = [() => head.dispose(), () => table.resize(70), () => table.dispose()].map(codeOf);
        all.push({ pair: owner + ", " + user, told: { bits: [indices.join(), logits.join(), loss, gradient], inFlight, sizes, settled } });
      }
    say(all);`;
  const [{ told }, ...others] = runModule<{ pair: string; told: object }[]>(project, code);
  const inFlight = ["ERR_IN_USE", "ERR_IN_USE", "ERR_IN_USE"];
  expect(told).toMatchObject({ inFlight, sizes: [60, 60, 180], settled: [null, null, null] });
  expect(others.length).toBe(8);
  for (const other of others) expect(other).toEqual({ pair: other.pair, told });
});

test("a call that cannot begin leaves nothing in use", () => {
  const code = `${head}
    const { Embedding, Unembedding } = await import("nn-embedding");
    const table = new Embedding(50, 8);
    const foreign = Object.create(table.weight, { inFlight: { value: {} } }); // of a copy so old that it counts otherwise
    for (const name of ["numRows", "numColumns", "backend", "data", "shape", "checkInUse"]) {
      const value = table.weight[name];
      Object.defineProperty(foreign, name, { value: typeof value === "function" ? () => {} : value });
    }
    const used = new Unembedding(foreign);
    const refused = await used.topKAsync(new Float32Array(8), 2).catch((error) => error.name);
    used.dispose();
    say(refused);`;
  expect(runModule<string>(project, code)).toBe("TypeError");
});

test("two installs", () => {
  cpSync(at, join(folder, "other/node_modules/nn-embedding"), { recursive: true });
  const other = pathToFileURL(join(folder, "other/node_modules/nn-embedding/dist/index.js"));
  const code = `${head} say([tell(await import("nn-embedding")), tell(await import("${other}"))])`;
  const [one, two] = runModule<Report[]>(project, code);
  expect([one.bits, two.bits]).toEqual([alone.bits, alone.bits]);
  expect(two.chosen).toBe(one.chosen);
});

test("worker threads that come and go, while others work", () => {
  const code = `${head}
    import { Worker } from "node:worker_threads";
    const body = \`
      import { parentPort } from "node:worker_threads";
      const { tell } = await import(${JSON.stringify(tellModule)});
      parentPort.postMessage(tell(await import("nn-embedding")));\`;
    const url = "file://" + process.cwd() + "/worker.mjs";
    (await import("node:fs")).writeFileSync("worker.mjs", body);
    const one = () => new Promise((resolve, reject) => new Worker(new URL(url), { execArgv: [] }).on("message", resolve).on("error", reject));
    const told = await Promise.all([one(), one(), one()]);
    told.push(tell(await import("nn-embedding")), ...(await Promise.all([one(), one()])));
    say(told);`;
  for (const { bits, chosen } of runModule<Report[]>(project, code)) {
    expect(bits).toBe(alone.bits);
    expect(chosen).toBe(alone.chosen);
  }
});

/** A CommonJS runner in the manner of jest: each test file has a vm context and a registry of modules of its own. */
const runInContext = `
  import { readFileSync } from "node:fs";
  import vm from "node:vm";
  const runInContext = (path, globals = {}) => {
    const context = vm.createContext({ console, process, TextEncoder, TextDecoder, performance, atob, ...globals });
    const module = { exports: {} };
    const text = "(function (module, exports, require) {" + readFileSync(path, "utf8") + "\\n})";
    vm.runInContext(text, context, { filename: path })(module, module.exports, require);
    return module.exports;
  };
`;

test("vm contexts, each with its own globals", () => {
  const code = `${head} ${runInContext}
    const path = "node_modules/nn-embedding/dist/index.cjs";
    const told = [1, 2, 3].map(() => tell(runInContext(path)));
    told.push(tell(runInContext(path, { WebAssembly: undefined })));
    say(told);`;
  const told = runModule<Report[]>(project, code);
  expect(told.map(({ bits }) => bits)).toEqual(Array(4).fill(alone.bits));
  expect(told.map(({ chosen }) => chosen)).toEqual(["wasm:simd", "wasm:simd", "wasm:simd", "js:scalar"]);
});

test("arrays of another context are as good as one's own", () => {
  const code = `${head} ${runInContext}
    const { Embedding } = runInContext("node_modules/nn-embedding/dist/index.cjs");
    const table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2 });
    say([...table.forward(Uint32Array.of(1)), ...table.forward([0], new Float32Array(2))]);`;
  expect(runModule<number[]>(project, code)).toEqual([3, 4, 1, 2]);
});

test("modules that are loaded anew for every test, as vitest and jest do", () => {
  const code = `${head}
    const url = "file://" + process.cwd() + "/node_modules/nn-embedding/dist/backend/native.js";
    const loads = [];
    for (let i = 0; i < 5; i++) loads.push((await import(url + "?" + i)).openNative().candidates.map(({ isa }) => isa).join());
    const path = require.resolve("./node_modules/nn-embedding/dist/index.cjs");
    const bits = [];
    for (let i = 0; i < 3; i++) {
      delete require.cache[path];
      bits.push(tell(require(path)).bits);
    }
    say({ loads, bits, told: tell(await import("nn-embedding")) });`;
  const { loads, bits, told } = runModule<{ loads: string[]; bits: number[]; told: Report }>(project, code);
  expect(new Set(loads).size).toBe(1);
  expect(bits).toEqual(Array(3).fill(alone.bits));
  expect(told).toEqual(alone);
});

test("a mock in the place of a whole module", () => {
  const code = `${head}
    const absent = "file://" + process.cwd() + "/node_modules/nn-embedding/dist/backend/absent.js";
    const hook = \`export const resolve = (specifier, context, next) =>
      specifier === "#native" ? { url: "\${absent}", shortCircuit: true } : next(specifier, context);\`;
    (await import("node:module")).register("data:text/javascript," + encodeURIComponent(hook));
    say(tell(await import("nn-embedding")));`;
  const told = runModule<Report>(project, code);
  expect(told).toMatchObject({ bits: alone.bits, chosen: "wasm:simd" });
});
