import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type * as Native from "../src/backend/native.js";
import type * as Select from "../src/backend/select.js";
import type * as Door from "../src/backend/wasm/door.inline.js";
import { refusalOf } from "./refusals.js";

/** Every test reads the module anew: what it found out on its first call stays for the life of a process. */
const select = (): Promise<typeof Select> => import("../src/backend/select.js");

beforeEach(() => vi.stubEnv("NN_EMBEDDING_BACKEND", undefined));

afterEach(() => {
  vi.doUnmock("#native");
  vi.doUnmock("#wasm");
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** A machine on which the addon does not load, as src/backend/native.ts reports it. */
function withoutAddon(why = "nn_embedding.node: its ABI is 7, expected 1: it is of another version"): void {
  const candidates = ["avx512", "avx2", "baseline"].map((isa) => ({ name: "native", isa, why }));
  vi.doMock("#native", () => ({ openNative: () => ({ candidates }) }));
}

describe("backends()", () => {
  test("lists native, wasm and js in this order, the best first", async () => {
    const list = (await select()).backends();
    const names = list.map(({ name, isa }) => `${name}:${isa}`);
    expect(names.slice(-3)).toEqual(["wasm:simd", "wasm:scalar", "js:scalar"]);
    for (const { name } of list.slice(0, -3)) expect(name).toBe("native");
    expect(list.length).toBeGreaterThan(3);
    expect(new Set(names).size).toBe(names.length);
  });

  test("says of each whether it is supported, whether it is chosen, and if not supported, why", async () => {
    const list = (await select()).backends();
    for (const { name, isa, supported, chosen, why, ...others } of list) {
      expect([typeof name, typeof isa, typeof supported, typeof chosen]).toEqual([
        "string",
        "string",
        "boolean",
        "boolean",
      ]);
      expect(others).toEqual({});
      if (supported) expect(why).toBeUndefined();
      else expect(why).toMatch(/./);
    }
    expect(list.filter(({ chosen }) => chosen)).toEqual([list.find(({ supported }) => supported)]);
  });

  test("gives the caller a list of the caller's own", async () => {
    const { backends } = await select();
    backends().length = 0;
    expect(backends().length).toBeGreaterThan(3);
  });
});

describe("a forced name", () => {
  test.each(["wasm", "wasm:simd", "wasm:scalar", "js", "js:scalar"])("%s", async (name) => {
    const { selectBackend, implementationName } = await select();
    const full = { wasm: "wasm:simd", js: "js:scalar" }[name] ?? name;
    expect(implementationName(selectBackend(name))).toBe(full);
    expect(selectBackend(name)).toBe(selectBackend(full));
  });

  test("each one that backends() lists can be forced, or says why not", async () => {
    const { backends, selectBackend, implementationName } = await select();
    for (const info of backends()) {
      const name = implementationName(info);
      if (info.supported) expect(implementationName(selectBackend(name))).toBe(name);
      else expect(refusalOf(() => selectBackend(name))).toContain(info.why);
    }
  });

  test("native is the best native one", async () => {
    const { backends, selectBackend } = await select();
    const best = backends().find(({ name, supported }) => name === "native" && supported);
    if (best) expect(selectBackend("native").isa).toBe(best.isa);
    else expect(refusalOf(() => selectBackend("native"))).toContain("ERR_BACKEND_UNSUPPORTED");
  });

  test.each(["cuda", "native:sse9", "WASM", "", " js"])("%j is nobody's", async (name) => {
    const { selectBackend } = await select();
    expect(refusalOf(() => selectBackend(name))).toMatch(
      /^RangeError \[ERR_UNKNOWN_BACKEND\]: backend is ".*", expected one of native:.*wasm:simd, wasm:scalar, js:scalar$/,
    );
  });

  test("one that does not work here: the error says which do, and why the others do not", async () => {
    withoutAddon("no such file");
    const { selectBackend } = await select();
    expect(refusalOf(() => selectBackend("native:avx2"))).toBe(
      'RangeError [ERR_BACKEND_UNSUPPORTED]: backend is "native:avx2", expected one that works here, of ' +
        "native:avx512 (unsupported: no such file), native:avx2 (unsupported: no such file), " +
        "native:baseline (unsupported: no such file), wasm:simd, wasm:scalar, js:scalar",
    );
    expect(refusalOf(() => selectBackend("native"))).toContain('backend is "native", expected one that works here');
  });
});

describe("NN_EMBEDDING_BACKEND", () => {
  test("chooses for layers that do not say", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "wasm:scalar");
    const { backends, implementationName, selectBackend } = await select();
    expect(
      backends()
        .filter(({ chosen }) => chosen)
        .map(implementationName),
    ).toEqual(["wasm:scalar"]);
    const { Embedding } = await import("../src/layers/embedding.js");
    using layer = new Embedding(2, 2);
    expect(layer.weight.implementation).toBe("wasm:scalar");
    using other = new Embedding(2, 2, { backend: "js" });
    expect(other.weight.implementation).toBe("js:scalar");
    expect(selectBackend("js").name).toBe("js");
  });

  test("empty is as good as not there", async () => {
    const { selectBackend: plain } = await select();
    const best = plain();
    vi.stubEnv("NN_EMBEDDING_BACKEND", "");
    expect(plain()).toBe(best);
  });

  test("with a name that nobody knows never passes in silence", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "wsam");
    const { backends, selectBackend } = await select();
    const expected = /^RangeError \[ERR_UNKNOWN_BACKEND\]: NN_EMBEDDING_BACKEND is "wsam", expected one of native:/;
    expect(refusalOf(() => selectBackend())).toMatch(expected);
    expect(refusalOf(() => backends())).toMatch(expected);
    expect(selectBackend("js").name).toBe("js");
  });

  test("is not asked for where a process has no environment, or does not show it", async () => {
    const { selectBackend } = await select();
    const env = vi.spyOn(process, "env", "get");
    env.mockReturnValue(undefined as unknown as NodeJS.ProcessEnv);
    expect(selectBackend().name).toMatch(/native|wasm/);
    env.mockImplementation(() => {
      throw new Error("permission denied");
    });
    expect(selectBackend().name).toMatch(/native|wasm/);
    env.mockRestore();
  });
});

describe("the addon is opened when it is wanted", () => {
  /** How often it was opened since. */
  function opens(): { readonly mock: { readonly calls: readonly unknown[] } } {
    vi.doMock("#native", () => vi.importActual<typeof Native>("../src/backend/native.js"));
    return vi.spyOn(process, "dlopen");
  }
  const hasAddon = existsSync("build/Release/nn_embedding.node");

  afterEach(() => vi.restoreAllMocks());

  test.skipIf(!hasAddon)("not at import, and then once", async () => {
    const { mock } = opens();
    const { backends, selectBackend } = await select();
    expect(mock.calls.length).toBe(0);
    selectBackend("wasm");
    selectBackend("js:scalar");
    expect(mock.calls.length).toBe(0);
    expect(selectBackend().name).toBe("native");
    backends();
    expect(mock.calls.length).toBe(1);
  });

  test.skipIf(!hasAddon).each(["wasm", "wasm:scalar", "js"])(
    "NN_EMBEDDING_BACKEND=%s: only by its name",
    async (name) => {
      vi.stubEnv("NN_EMBEDDING_BACKEND", name);
      const { mock } = opens();
      const { backends, selectBackend } = await select();
      const { getNumThreads, setNumThreads } = await import("../src/backend/threads.js");
      const natives = () => backends().filter((each) => each.name === "native");
      expect(selectBackend().name).toBe(name.split(":")[0]);
      for (const each of natives()) {
        expect(each).toMatchObject({ supported: false, why: `not tried: NN_EMBEDDING_BACKEND is ${name}` });
      }
      setNumThreads(3);
      expect(getNumThreads()).toBe(1);
      expect(refusalOf(() => selectBackend("cuda"))).toContain(
        `(unsupported: not tried: NN_EMBEDDING_BACKEND is ${name})`,
      );
      expect(mock.calls.length).toBe(0);
      expect(selectBackend("native").name).toBe("native");
      expect(natives()[0].supported).toBe(true);
      expect(getNumThreads()).toBe(3);
      expect(mock.calls.length).toBe(1);
    },
  );
});

describe("Deno, which asks the user for permission when a variable is read", () => {
  /** Stubs Deno with these permissions; which variables were read without. */
  function deno(...granted: string[]): string[] {
    const asked: string[] = [];
    const isGranted = (variable: string): boolean => granted.includes(variable);
    const querySync = ({ name, variable }: { name: string; variable: string }) => {
      return { state: name === "env" && isGranted(variable) ? "granted" : "prompt" };
    };
    vi.stubGlobal("Deno", { permissions: { querySync } });
    const get = (env: NodeJS.ProcessEnv, name: string): unknown => {
      if (!isGranted(name)) asked.push(name);
      return Reflect.get(env, name);
    };
    const { env } = process;
    vi.spyOn(process, "env", "get").mockReturnValue(new Proxy(env, { get }));
    return asked;
  }

  afterEach(() => vi.restoreAllMocks());

  test("is not made to ask", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "js");
    vi.stubEnv("NN_EMBEDDING_THREADS", "many");
    const asked = deno();
    const { backends, selectBackend } = await select();
    expect(selectBackend().name).not.toBe("js");
    expect(backends().find(({ chosen }) => chosen)!.name).not.toBe("js");
    expect(asked.filter((name) => name.startsWith("NN_"))).toEqual([]);
  });

  test("follows the variable that it may read", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "js");
    deno("NN_EMBEDDING_BACKEND");
    expect((await select()).selectBackend().name).toBe("js");
  });

  test("of a kind that nobody knows: nothing is forced", async () => {
    vi.stubEnv("NN_EMBEDDING_BACKEND", "js");
    vi.stubGlobal("Deno", {});
    expect((await select()).selectBackend().name).not.toBe("js");
  });
});

describe("what is missing or broken leads on to the next", () => {
  test("no addon: WebAssembly", async () => {
    withoutAddon();
    const { backends, selectBackend } = await select();
    expect(selectBackend()).toMatchObject({ name: "wasm", isa: "simd" });
    expect(backends()[0]).toEqual({
      ...{ name: "native", isa: "avx512", supported: false, chosen: false },
      why: "nn_embedding.node: its ABI is 7, expected 1: it is of another version",
    });
  });

  test.each([
    ["a file that is no addon", new Error("file too short\nat dlopen"), "file too short"],
    [
      "a system that forbids addons",
      new Error("Cannot load native addon because loading addons is disabled."),
      "Cannot load native addon because loading addons is disabled.",
    ],
  ])("%s: its error becomes the reason, in one line", async (_, error, why) => {
    const dlopen = vi.spyOn(process, "dlopen").mockImplementation(() => {
      throw error;
    });
    vi.doMock("#native", () => vi.importActual<typeof Native>("../src/backend/native.js"));
    const { backends, selectBackend } = await select();
    expect(selectBackend().name).toBe("wasm");
    dlopen.mockRestore();
    const native = backends().filter(({ name }) => name === "native");
    expect(native.length).toBeGreaterThan(0);
    for (const each of native) expect(each).toMatchObject({ supported: false, why });
  });

  test("an addon that was built for another version is not used", async () => {
    const dlopen = vi.spyOn(process, "dlopen").mockImplementation((module) => {
      (module as { exports: object }).exports = { abi: 99, implementations: {}, unsupported: {} };
    });
    vi.doMock("#native", () => vi.importActual<typeof Native>("../src/backend/native.js"));
    const { backends } = await select();
    const [first] = backends();
    dlopen.mockRestore();
    expect(first.why).toMatch(/nn_embedding\.node: its ABI is 99, expected \d+: it is of another version$/);
    expect(backends().find(({ chosen }) => chosen)!.name).toBe("wasm");
  });

  test("no SIMD: the scalar module", async () => {
    withoutAddon();
    const { Instance, Memory, Module } = WebAssembly;
    let tried = 0; // the module with SIMD comes first
    class Refusing extends Module {
      constructor(bytes: Uint8Array) {
        if (tried++ === 0) throw new Error("WebAssembly.Module(): invalid value type 0x7b");
        super(bytes);
      }
    }
    vi.stubGlobal("WebAssembly", { Instance, Memory, Module: Refusing, validate: () => false });
    const { backends, selectBackend } = await select();
    expect(selectBackend()).toMatchObject({ name: "wasm", isa: "scalar" });
    const simd = backends().find(({ isa }) => isa === "simd")!;
    expect(simd).toMatchObject({ supported: false, why: "this engine has no WebAssembly SIMD" });
  });

  test("no WebAssembly at all: plain JavaScript", async () => {
    withoutAddon();
    vi.stubGlobal("WebAssembly", undefined);
    const { backends, selectBackend } = await select();
    expect(selectBackend().name).toBe("js");
    expect(backends().map(({ why }) => why)).toContain("this engine has no WebAssembly");
  });

  test("an engine that may not compile: plain JavaScript, with the engine's reason", async () => {
    withoutAddon();
    vi.doMock("#wasm", (): typeof Door => ({
      compile() {
        throw new Error("Wasm code generation disallowed by embedder");
      },
    }));
    const { backends, selectBackend } = await select();
    expect(selectBackend().name).toBe("js");
    expect(backends().find(({ isa }) => isa === "simd")!.why).toBe("Wasm code generation disallowed by embedder");
  });

  test("a lookup works all the same, with the same bits", async () => {
    const { Embedding } = await import("../src/layers/embedding.js");
    const { Generator } = await import("../src/random/generator.js");
    const expected = new Embedding(50, 40, { generator: new Generator(1) }).forward([49, 0, 7]);
    vi.resetModules();
    withoutAddon();
    vi.stubGlobal("WebAssembly", undefined);
    const fallen = await import("../src/layers/embedding.js");
    const { Generator: Anew } = await import("../src/random/generator.js");
    using layer = new fallen.Embedding(50, 40, { generator: new Anew(1) });
    expect(layer.weight.implementation).toBe("js:scalar");
    expect(layer.forward([49, 0, 7])).toEqual(expected);
  });
});
