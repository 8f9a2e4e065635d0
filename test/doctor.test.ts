import { afterEach, describe, expect, test, vi } from "vitest";
import { type Kernels, noPadding } from "../src/backend/backend.js";
import { backends, implementationName, selectBackend } from "../src/backend/select.js";
import { getNumThreads } from "../src/backend/threads.js";
import { type Diagnosis, diagnose, type Place, remedyFor, runtimeOf } from "../src/cli/doctor/diagnose.js";
import { addDoctor } from "../src/cli/doctor/doctor.js";
import { kernelCalls } from "../src/cli/doctor/kernelCalls.js";
import { formatDiagnosis } from "../src/cli/doctor/report.js";
import { selfCheck } from "../src/cli/doctor/selfCheck.js";
import { specification } from "../src/cli/kernels.js";
import { Generator } from "../src/random/generator.js";
import { printedBy } from "./verbs.js";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

describe("diagnose", () => {
  test("finds every implementation known here, and right bits in those that work", () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "");
    const diagnosis = diagnose();
    expect(diagnosis.healthy).toBe(true);
    expect(diagnosis.environment).toEqual({ value: null, problem: null });
    expect(diagnosis.implementations.map(({ implementation }) => implementation)).toEqual(
      backends().map(implementationName),
    );
    expect(diagnosis.implementations.filter(({ chosen }) => chosen)).toHaveLength(1);
    for (const { works, wrong, why, remedy, checked } of diagnosis.implementations) {
      expect(wrong).toBeNull();
      expect(checked?.kernels).toBe(works ? Object.keys(specification).length : undefined);
      expect(works).toBe(why === undefined);
      expect(works).toBe(remedy === undefined);
    }
    expect(diagnosis.wasm.simd).toBeGreaterThan(1000);
    for (const { path } of diagnosis.addons)
      expect(path).toMatch(/^(build\/Release|prebuilds\/linux(musl)?-(x64|arm64))\/nn_embedding\.node$/);
  });

  test("is not healthy when the environment asks for what is not there, and still lists what works", () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "cuda");
    const diagnosis = diagnose();
    expect(diagnosis.healthy).toBe(false);
    expect(diagnosis.environment.problem).toMatch(/^NN_EMBEDDING_BACKEND is "cuda", expected one of /);
    expect(diagnosis.implementations.some(({ works }) => works)).toBe(true);
    expect(diagnosis.implementations.some(({ chosen }) => chosen)).toBe(false);
    expect(process.env.NN_EMBEDDING_BACKEND).toBe("cuda");
    expect(formatDiagnosis(diagnosis, false)).toContain("Unset NN_EMBEDDING_BACKEND");
  });

  test("says how many threads calls use, and what is wrong with NN_EMBEDDING_THREADS", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "");
    const diagnosis = diagnose();
    expect(diagnosis.numThreads).toBe(getNumThreads());
    expect(formatDiagnosis(diagnosis, false)).toMatch(/^uses {5}\d+ threads? at most a call$/m);
    vi.resetModules(); // the variable is read once
    vi.stubEnv("NN_EMBEDDING_THREADS", "many");
    const anew = (await import("../src/cli/doctor/diagnose.js")).diagnose();
    expect(anew.healthy).toBe(false);
    expect(anew.numThreads).toBeNull();
    expect(formatDiagnosis(anew, false)).toContain("Unset NN_EMBEDDING_THREADS or set it to one: until then");
  });

  test("follows the environment where it can", () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "js");
    const chosen = diagnose().implementations.filter((finding) => finding.chosen);
    expect(chosen).toMatchObject([{ implementation: "js:scalar" }]);
  });
});

describe("selfCheck", () => {
  const withKernels = (kernels: Partial<Kernels>) => {
    const all = { ...specification, ...kernels };
    return { ...selectBackend("js"), kernels: <Some>() => all as Some };
  };

  test("finds nothing wrong with the specification", () => {
    expect(selfCheck(selectBackend("js")).wrong).toBeNull();
  });

  test("calls every kernel, and sees of each that nothing is written", () => {
    const names = [...new Set(kernelCalls(new Generator(1)).map(([name]) => name))];
    expect(names.sort()).toEqual(Object.keys(specification).sort());
    for (const name of names) {
      const onCopies = (...given: unknown[]): unknown => {
        const copies = given.map((each) => (ArrayBuffer.isView(each) ? (each as Float32Array).slice() : each));
        return (specification[name] as (...given: unknown[]) => unknown)(...copies);
      };
      expect(selfCheck(withKernels({ [name]: onCopies })).wrong).toMatch(
        new RegExp(`^${name}: array \\d, value \\d+ is `),
      );
    }
  });

  test.each([
    ["gather", { gather: () => 53 }],
    ["scatterAdd", { scatterAdd: () => 53 }],
    [
      "scatterAdd", // padding is not passed over
      {
        scatterAdd: (table, rows, dim, ids, count, _padding, gradOut) =>
          specification.scatterAdd(table, rows, dim, ids, count, noPadding, gradOut),
      } satisfies Partial<Kernels>,
    ],
    [
      "matmulNN", // never accumulates
      {
        matmulNN: (a, b, m, n, k, _accumulate, out) => specification.matmulNN(a, b, m, n, k, false, out),
      } satisfies Partial<Kernels>,
    ],
    [
      "boom",
      {
        matmulTN: () => {
          throw new Error("boom");
        },
      },
    ],
  ] as [string, Partial<Kernels>][])("tells of a wrong %s", (word, kernels) => {
    expect(selfCheck(withKernels(kernels)).wrong).toContain(word);
  });
});

test.each([
  [{ node: "26.3.0" }, "Node 26.3.0"],
  [{ node: "26.3.0", deno: "2.5.0" }, "Deno 2.5.0"],
  [{ node: "26.3.0", bun: "1.3.0" }, "Bun 1.3.0"],
])("the runtime of %j is %s", (versions, runtime) => {
  expect(runtimeOf(versions)).toBe(runtime);
  expect(formatDiagnosis({ ...diagnose(), runtime }, false)).toContain(`runtime  ${runtime}, `);
});

describe("remedies", () => {
  const installed: Place = { checkout: false, runtime: "Node 26.0.0", addons: [] };
  const checkout: Place = { ...installed, checkout: true };

  test("fit what is wrong", () => {
    expect(remedyFor("native", "this CPU has no AVX-512")).toContain("none is needed");
    expect(remedyFor("native", "Cannot load native addon because loading addons is disabled.")).toContain(
      "--no-addons",
    );
    expect(remedyFor("native", "cannot open shared object file", installed)).toContain("npx nn-embedding build");
    expect(remedyFor("native", "invalid ELF header", checkout)).toContain("npm run build");
    expect(remedyFor("wasm", "this engine has no WebAssembly SIMD")).toContain("newer version of Node");
  });

  test("are none in Deno, which loads no addon", () => {
    const remedy = remedyFor("native", "this runtime loads no addons", { ...installed, runtime: "Deno 2.5.0" });
    expect(remedy).toBe("none is needed, for WebAssembly gives the same bits");
  });

  test("bring back the prebuilt addon that a bad one hides", () => {
    const built = "build/Release/nn_embedding.node";
    const prebuilt = `prebuilds/${process.platform}-${process.arch}/nn_embedding.node`;
    const remedy = (...addons: string[]) => remedyFor("native", "invalid ELF header", { ...installed, addons });
    expect(remedy(built, prebuilt)).toContain("delete build/Release: the prebuilt addon");
    for (const addons of [[built], [prebuilt], [built, "prebuilds/amiga-m68k/nn_embedding.node"]]) {
      expect(remedy(...addons)).not.toContain("delete build/Release");
    }
  });

  test("name the tools that are missing", () => {
    vi.stubEnv("PATH", "");
    expect(remedyFor("native", "cannot open shared object file", checkout)).toContain(
      "install python3, make and g++, then ",
    );
  });
});

describe("the command", () => {
  const run = (...words: string[]): Promise<string> => printedBy(addDoctor, "doctor", ...words);

  test("says that all is well, with exit code 0", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "");
    expect(await run()).toContain("All is well.");
    expect(process.exitCode).toBeUndefined();
  });

  test("leaves with exit code 1 when the environment cannot be followed", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "cuda");
    const diagnosis: Diagnosis = JSON.parse(await run("--json"));
    expect(diagnosis.healthy).toBe(false);
    expect(process.exitCode).toBe(1);
  });

  test("shouts about wrong bits", () => {
    const diagnosis = diagnose();
    const [first, ...others] = diagnosis.implementations;
    const ill = {
      ...diagnosis,
      healthy: false,
      implementations: [{ ...first, wrong: "gather: value 0 is 1" }, ...others],
    };
    const text = formatDiagnosis(ill, false);
    expect(text).toContain("WRONG BITS  gather: value 0 is 1");
    expect(text).toContain(`${first.implementation} gives wrong bits: please report it`);
  });
});
