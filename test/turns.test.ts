import { beforeEach, describe, expect, test, vi } from "vitest";
import { Turns } from "../src/backend/turns.js";
import { Embedding } from "../src/layers/embedding.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";

/** What the addon was asked to do off the event loop: counted here, and refused where a test says so. */
const pool = vi.hoisted(() => ({ begun: 0, inFlight: 0, most: 0, refuses: (_run: number): boolean => false }));

vi.mock("../src/backend/loadAddon.js", async (importOriginal) => {
  const { loadAddon } = await importOriginal<typeof import("../src/backend/loadAddon.js")>();
  return {
    loadAddon: (abi: number) => {
      const addon = loadAddon(abi) as { run(): Promise<void> };
      const run = async () => {
        pool.most = Math.max(pool.most, ++pool.inFlight);
        const refuses = pool.refuses(++pool.begun);
        try {
          await addon.run(); // what it was given is its own until then
          if (refuses) throw new Error("no more threads");
        } finally {
          pool.inFlight--;
        }
      };
      return { ...addon, run };
    },
  };
});

beforeEach(() => {
  Object.assign(pool, { begun: 0, most: 0, refuses: () => false });
});

describe("turns", () => {
  /** Something that ends when it is told to, and what it did. */
  const controlled = (seen: string[], name: string) => {
    let end = () => {};
    let fail = () => {};
    const promise = new Promise<string>((resolve, reject) => {
      end = () => resolve(name);
      fail = () => reject(new Error(name));
    });
    const begin = () => {
      seen.push(name);
      return promise;
    };
    return { begin, end, fail };
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test("are taken by so many at a time, in the order of arrival, whether others fail or not", async () => {
    const turns = new Turns(2);
    const seen: string[] = [];
    const all = ["a", "b", "c", "d", "e"].map((name) => controlled(seen, name));
    const [a, b, c, d, e] = all;
    const answers = Promise.allSettled(all.map(({ begin }) => turns.take(begin)));
    expect(seen, "at once").toEqual(["a", "b"]);
    b.fail();
    await settle();
    expect(seen).toEqual(["a", "b", "c"]);
    const thrown = turns.take(() => {
      throw new Error("f");
    });
    a.end();
    c.end();
    await settle();
    expect(seen).toEqual(["a", "b", "c", "d", "e"]);
    for (const each of [d, e]) each.end();
    await expect(thrown).rejects.toThrow("f");
    expect((await answers).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      ...Array(3).fill("fulfilled"),
    ]);
    const later = controlled(seen, "later");
    turns.take(later.begin);
    expect(seen.at(-1), "all turns are given back").toBe("later");
  });
});

// A topKAsync of 64 rows is two lists of calls, a forwardAsync is one.
const [rows, dim] = [20_000, 256];
const table = filled(new Random(1), rows * dim);
const hidden = filled(new Random(2), 64 * dim);
const few = new Uint32Array(100).fill(7);

onEveryImplementation(({ name: backend }) => {
  describe.skipIf(!backend.startsWith("native"))("calls off the event loop", () => {
    const load = () => {
      const tokens = Embedding.fromPretrained(table, { embeddingDim: dim, backend });
      return { tokens, head: new Unembedding(tokens.weight) };
    };

    test("take two threads of Node's pool at most, the first two at once", async () => {
      const { head, tokens } = load();
      const calls = Array.from({ length: 3 }, () => [head.topKAsync(hidden, 3), tokens.forwardAsync(few)]).flat();
      expect(pool.inFlight).toBe(2);
      await Promise.all(calls);
      expect(pool.most).toBe(2);
      expect(pool.inFlight).toBe(0);
      expect(pool.begun).toBe(3 * 2 + 3);
    });

    test("a short one waits for no whole long one", async () => {
      const { head, tokens } = load();
      const order: string[] = [];
      const long = Array.from({ length: 3 }, () => head.topKAsync(hidden, 3).then(() => order.push("long")));
      await tokens.forwardAsync(few).then(() => order.push("short"));
      await Promise.all(long);
      expect(order[0]).toBe("short"); // it waited for one list of each that came before it, and each has two
    });

    test("one that is rejected keeps none behind it waiting, and no turn", async () => {
      const { head, tokens } = load();
      pool.refuses = (run) => run === 2 || run === 3;
      const calls = Array.from({ length: 2 }, () => [head.topKAsync(hidden, 3), tokens.forwardAsync(few)]).flat();
      const settled = await Promise.allSettled(calls);
      expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(2);
      expect(pool.inFlight).toBe(0);
      pool.refuses = () => false;
      const two = [head.topKAsync(hidden, 3), head.topKAsync(hidden, 3)];
      expect(pool.inFlight).toBe(2);
      expect((await Promise.all(two))[1].indices).toEqual(head.topK(hidden, 3).indices);
    });
  });
});
