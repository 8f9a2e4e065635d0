import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { threads } from "#native";
import { noPadding } from "../src/backend/backend.js";
import { specification } from "../src/backend/js/js.js";
import { implementations } from "../src/backend/select.js";
import type * as Threads from "../src/backend/threads.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { shareAll } from "./conformance/implementations.js";
import { root } from "./house/sources.js";
import { any, refusalOf } from "./refusals.js";

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
