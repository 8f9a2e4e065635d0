import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openNative } from "#native";
import { type Backend, noPadding } from "../src/backend/backend.js";
import { implementations } from "../src/backend/select.js";
import type * as Threads from "../src/backend/threads.js";
import { allKernels } from "../src/cli/kernels.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { shareAll } from "./conformance/implementations.js";
import { root } from "./house/sources.js";
import { any, refusalOf } from "./refusals.js";

const { threads } = openNative();
const native = implementations().find((each) => each.name === "native" && "backend" in each);
const addon = `${root}build/Release/nn_embedding.node`;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.doUnmock("#native");
  vi.resetModules();
  shareAll(false);
});

describe("getNumThreads and setNumThreads", () => {
  const fresh = (): Promise<typeof Threads> => import("../src/backend/threads.js");

  test("one number, of the process", async () => {
    const { getNumThreads, setNumThreads } = await fresh();
    for (const count of [1, 7, 256]) {
      setNumThreads(count);
      expect(getNumThreads()).toBe(threads === undefined ? 1 : count);
    }
  });

  test.each([
    [0, "RangeError [ERR_OUT_OF_RANGE]: numThreads is 0, expected an integer in [1, 256]"],
    [257, "RangeError [ERR_OUT_OF_RANGE]: numThreads is 257, expected an integer in [1, 256]"],
    [1.5, "RangeError [ERR_OUT_OF_RANGE]: numThreads is 1.5, expected an integer in [1, 256]"],
    [Number.NaN, "RangeError [ERR_OUT_OF_RANGE]: numThreads is NaN, expected an integer in [1, 256]"],
    ["2", 'TypeError [ERR_INVALID_ARG_TYPE]: numThreads is "2", expected an integer in [1, 256]'],
    [undefined, "TypeError [ERR_INVALID_ARG_TYPE]: numThreads is undefined, expected an integer in [1, 256]"],
  ])("%j is refused, and nothing changes", async (count, refusal) => {
    const { getNumThreads, setNumThreads } = await fresh();
    setNumThreads(3);
    const before = getNumThreads();
    expect(refusalOf(() => setNumThreads(any(count)))).toBe(refusal);
    expect(getNumThreads()).toBe(before);
  });

  test("where no native backend works there is one thread, and setting changes nothing", async () => {
    vi.doMock("#native", () => import("../src/backend/absent.js"));
    const { getNumThreads, setNumThreads } = await fresh();
    setNumThreads(4);
    expect(getNumThreads()).toBe(1);
    expect(refusalOf(() => setNumThreads(0))).toContain("numThreads is 0");
  });
});

/** What a program of its own prints; it imports the built package, as users do. */
function printed(code: string, env: Record<string, string> = {}): string {
  const script = `import * as nn from "${root}dist/index.js";\n${code}`;
  const options = { encoding: "utf8", cwd: root, env: { ...process.env, NN_EMBEDDING_BACKEND: "", ...env } } as const;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], { ...options, stdio: "pipe" }).trim();
}

describe("NN_EMBEDDING_THREADS", () => {
  const numThreads = "console.log(nn.getNumThreads())";

  // Programs import dist, which a checkout has after `npm run build`.
  beforeEach((context) => {
    if (native === undefined) context.skip("no native backend works here");
  });

  test("says how many; without it it is what the machine has", () => {
    expect(printed(numThreads, { NN_EMBEDDING_THREADS: "3" })).toBe("3");
    expect(printed(numThreads, { NN_EMBEDDING_THREADS: "" })).toBe(`${availableParallelism()}`);
    expect(printed(`nn.setNumThreads(5); ${numThreads}`, { NN_EMBEDDING_THREADS: "3" })).toBe("5");
  });

  test("is asked for when it is first needed, and a worker thread does not set back what was set", () => {
    expect(printed(`process.env.NN_EMBEDDING_THREADS = "6"; ${numThreads}`)).toBe("6");
    const code = `
      import { Worker } from "node:worker_threads";
      nn.setNumThreads(4);
      const inside = 'import("${root}dist/index.js").then((nn) => new nn.Embedding(2, 2).dispose())';
      new Worker(inside, { eval: true, env: { NN_EMBEDDING_THREADS: "2" } }).on("exit", () => ${numThreads});`;
    expect(printed(code)).toBe("4");
  });
});

test.each(["0", "257", "two", "1.5", "-1", " 2", "0x2"])(
  "NN_EMBEDDING_THREADS=%j never passes in silence, with whatever backend layers have",
  async (text) => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", undefined);
    vi.stubEnv("NN_EMBEDDING_THREADS", text);
    const { backends, selectBackend } = await import("../src/backend/select.js");
    const { getNumThreads } = await import("../src/backend/threads.js");
    const refusal = `RangeError [ERR_OUT_OF_RANGE]: NN_EMBEDDING_THREADS is ${JSON.stringify(text)}, expected an integer in [1, 256]`;
    expect(refusalOf(() => backends())).toBe(refusal);
    expect(refusalOf(() => selectBackend())).toBe(refusal);
    expect(refusalOf(() => getNumThreads())).toBe(refusal);
    if (native !== undefined) expect(refusalOf(() => selectBackend("native"))).toBe(refusal);
    expect(selectBackend("js").name).toBe("js");
  },
);

describe.skipIf(native === undefined)("the pool", () => {
  test("a refused call tells the first bad index and writes nothing, whatever the number of threads", () => {
    const kernels = allKernels((native as { backend: Backend }).backend);
    const [rows, dim, count] = [50, 768, 3000];
    const random = new Random(1);
    const table = filled(random, rows * dim);
    const kept = table.slice();
    const gradOut = filled(random, count * dim);
    const good = Uint32Array.from({ length: count }, () => random.below(rows));
    for (const numThreads of [1, 2, 3, 5]) {
      shareAll(numThreads > 1);
      threads?.setNumThreads(numThreads);
      for (const bad of [0, 1499, 2999]) {
        const indices = good.slice();
        indices[bad] = rows;
        indices[count - 1] = rows;
        const out = gradOut.slice();
        expect(kernels.gather(table, rows, dim, indices, count, out)).toBe(bad);
        expect(kernels.scatterAdd(table, rows, dim, indices, count, noPadding, gradOut)).toBe(bad);
        expectSameBits(out, gradOut, "out");
        expectSameBits(table, kept, "table");
      }
    }
  });

  test("is shared by worker threads that call at once while the number of threads changes", async () => {
    const inside = `
      const { workerData, parentPort } = require("node:worker_threads");
      const module = { exports: {} };
      process.dlopen(module, ${JSON.stringify(addon)});
      const { addon = module.exports, seed } = { ...workerData };
      const kernels = addon.implementations[workerData.isa];
      const [m, n, k] = [40, 300, 270];
      const a = Float32Array.from({ length: m * k }, (_, i) => ((i * 7919 + seed) % 1009) / 512 - 1);
      const b = Float32Array.from({ length: n * k }, (_, i) => ((i * 104729 + seed) % 997) / 512 - 1);
      const ids = Uint32Array.from({ length: 500 }, (_, i) => (i * i + seed) % m);
      const results = () => {
        const [nn, nt, rows, sums] = [m * n, m * n, 500 * k, m * k].map((length) => new Float32Array(length));
        kernels.matmulNN(a, b, m, n, k, false, nn);
        kernels.matmulNT(a, b, m, n, k, false, nt);
        kernels.gather(a, m, k, ids, 500, rows);
        kernels.scatterAdd(sums, m, k, ids, 500, 0xffffffff, rows);
        return Buffer.concat([nn, nt, rows, sums].map(({ buffer }) => Buffer.from(buffer)));
      };
      const expected = results();
      let wrong = 0;
      for (let call = 0; call < 60; call++) {
        addon.setNumThreads(1 + ((call * 3 + seed) % 5));
        if (!results().equals(expected)) wrong++;
      }
      parentPort.postMessage(wrong);`;
    shareAll(true);
    const workers = Array.from({ length: 5 }, (_, seed) => {
      return new Worker(inside, { eval: true, workerData: { seed, isa: native?.isa } });
    });
    const wrong = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
    expect(wrong).toEqual([0, 0, 0, 0, 0]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  /** Uses the pool until it has threads, in whatever thread it runs. */
  const work = `
    const module = { exports: {} };
    process.dlopen(module, ${JSON.stringify(addon)});
    const { implementations, setNumThreads, setSplitsAll } = module.exports;
    setNumThreads(4);
    setSplitsAll(true);
    const [kernels] = Object.values(implementations);
    const a = new Float32Array(200 * 200).fill(1), out = new Float32Array(200 * 200);
    const use = () => kernels.matmulNN(a, a, 200, 200, 200, false, out);
    for (let call = 0; call < 20; call++) use();`;
  const node = (script: string): string =>
    execFileSync(process.execPath, ["-e", script], { encoding: "utf8", stdio: "pipe", timeout: 30_000 }).trim();

  test("outlives the worker thread that alone loaded the addon", () => {
    const script = `
      const { Worker } = require("node:worker_threads");
      const inside = ${JSON.stringify(work)};
      const rounds = 5;
      const run = (round) => {
        if (round === rounds) return setTimeout(() => console.log("done"), 20);
        new Worker(inside, { eval: true }).on("exit", () => setTimeout(run, 5, round + 1));
      };
      run(0);`;
    expect(node(script)).toBe("done");
  });

  test("lets a process end at any moment", () => {
    for (const end of ["process.exit(0)", "process.exitCode = 0", "process.reallyExit(0)"]) {
      expect(node(`${work}; console.log("done"); ${end};`)).toBe("done");
    }
    // In the middle of other threads' calls.
    const script = `
      const { Worker } = require("node:worker_threads");
      const inside = ${JSON.stringify(`${work}; require("node:worker_threads").parentPort.postMessage(0); for (;;) use();`)};
      let started = 0;
      for (let i = 0; i < 3; i++) {
        new Worker(inside, { eval: true }).on("message", () => {
          if (++started === 3) setTimeout(() => { console.log("done"); process.exit(0); }, 10);
        });
      }`;
    expect(node(script)).toBe("done");
  });

  test("threads that have nothing to do use no processor", () => {
    const script = `${work}
      setTimeout(() => {
        const before = process.cpuUsage();
        setTimeout(() => {
          const { user, system } = process.cpuUsage(before);
          console.log(user + system < 100_000 ? "idle" : user + system);
        }, 300);
      }, 50);`;
    expect(node(script)).toBe("idle");
  });
});
