import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { FreeList } from "../src/backend/wasm/freeList.js";
import { Heap } from "../src/backend/wasm/heap.js";
import { Random } from "./conformance/cases.js";

const pageBytes = 65536;

/** Where a view begins, which is where its block lies. */
const addressOf = (view: { byteOffset: number }) => view.byteOffset;

function makeHeap({ base = 1000, initial = 1, maximum = 65536 } = {}): Heap {
  return new Heap(new WebAssembly.Memory({ initial, maximum }), base);
}

function isAll(words: Uint32Array, expected: number): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== expected) return false;
  return true;
}

describe("FreeList", () => {
  test("takes from the smallest region that fits, and joins neighbours on both sides", () => {
    const list = new FreeList();
    list.give(0, 128);
    list.give(256, 64);
    expect(list.take(64)).toBe(256);
    expect(list.take(64)).toBe(0);
    list.give(256, 64);
    list.give(128, 128); // touches [64, 128) and [256, 320)
    expect(list.regions).toEqual([{ address: 64, size: 256 }]);
    expect(list.freeBelow(320)).toBe(256);
    expect(list.freeBelow(321)).toBe(0);
    expect(list.take(257)).toBeUndefined();
  });
});

describe("Heap", () => {
  test("random allocations against a model: aligned, apart, zeroed, keeping their bytes, and all one region in the end", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const heap = makeHeap();
      const live: { block: ReturnType<Heap["allocate"]>; address: number; words: number; mark: number }[] = [];
      for (let step = 0; step < 300; step++) {
        if (live.length > 0 && random.below(5) < 2) {
          const [{ block, mark }] = live.splice(random.below(live.length), 1);
          expect(isAll(block.u32(), mark)).toBe(true);
          block.dispose();
          if (random.below(3) === 0) block.dispose();
        } else {
          const words = random.below(4) === 0 ? random.below(100_000) : random.below(200);
          const block = heap.allocate(words * 4);
          const view = block.u32();
          expect(view.length).toBe(words);
          expect(isAll(view, 0)).toBe(true);
          expect(addressOf(view) % 64).toBe(0);
          expect(addressOf(view)).toBeGreaterThanOrEqual(1000);
          for (const other of live) {
            const apart =
              addressOf(view) + words * 4 <= other.address || other.address + other.words * 4 <= addressOf(view);
            expect(apart || words === 0 || other.words === 0).toBe(true);
          }
          view.fill(step + 1);
          live.push({ block, address: addressOf(view), words, mark: step + 1 });
        }
        const { free } = heap;
        for (let i = 1; i < free.length; i++) {
          expect(free[i - 1].address + free[i - 1].size).toBeLessThan(free[i].address); // apart, else they were one
        }
      }
      for (const { block } of live) block.dispose();
      expect(heap.free).toHaveLength(1);
      expect(heap.free[0].address).toBe(1024);
    }
  });

  test("freed memory is dirty, allocated memory is zero", () => {
    const heap = makeHeap();
    const first = heap.allocate(4096);
    const address = addressOf(first.f32());
    first.f32().fill(7);
    first.dispose();
    const second = heap.allocate(8192);
    expect(addressOf(second.f32())).toBe(address);
    expect(second.f32().every((value) => Object.is(value, 0))).toBe(true);
  });

  test("memory grows only when nothing free fits, and views follow it", () => {
    const heap = makeHeap();
    const small = heap.allocate(64);
    const before = small.f32();
    before[3] = 42;
    expect(small.f32()).toBe(before);
    expect(heap.holds(before)).toBe(true);
    const large = heap.allocate(10 * pageBytes);
    expect(before.length).toBe(0);
    expect(heap.holds(before)).toBe(false);
    const after = small.f32();
    expect(after === before).toBe(false); // expect() would read the old view, which is gone
    expect(after[3]).toBe(42);
    const { buffer } = heap;
    large.dispose();
    heap.allocate(9 * pageBytes).dispose();
    expect(heap.buffer).toBe(buffer);
    expect(buffer.byteLength % (16 * pageBytes)).toBe(pageBytes); // one page at first, then whole MiB
  });

  test("the last line of memory is never handed out", () => {
    const heap = makeHeap();
    const most = heap.free[0].size;
    const { buffer } = heap;
    const block = heap.allocate(most);
    expect(heap.buffer).toBe(buffer);
    expect(addressOf(block.f32()) + most).toBe(buffer.byteLength - 64);
  });

  test("what does not fit is refused by name and value, and changes nothing", () => {
    const heap = makeHeap({ maximum: 20 });
    const free = structuredClone(heap.free);
    for (const byteLength of [20 * pageBytes, 2 ** 32, 2 ** 53, -4, 1.5, Number.NaN]) {
      const refused = () => heap.allocate(byteLength);
      expect(refused).toThrow(RangeError);
      expect(refused).toThrow(
        expect.objectContaining({
          code: "ERR_OUT_OF_MEMORY",
          message: expect.stringMatching(new RegExp(`^byteLength is ${byteLength}, expected `.replace("+", "\\+"))),
        }),
      );
    }
    expect(heap.free).toEqual(free);
    heap.allocate(18 * pageBytes); // whole MiB would be too much, the exact need is not
  });

  test("a disposed block has no views, and disposing of it again frees nobody else", () => {
    const heap = makeHeap();
    const block = heap.allocate(256);
    block.dispose();
    const other = heap.allocate(256);
    block.dispose();
    const third = heap.allocate(256);
    expect(addressOf(third.f32())).not.toBe(addressOf(other.f32()));
    expect(block.byteLength).toBe(0);
    for (const use of [() => block.f32(), () => block.u32()]) {
      expect(use).toThrow(TypeError);
      expect(use).toThrow(
        expect.objectContaining({ code: "ERR_DISPOSED", message: "block is disposed, expected one in use" }),
      );
    }
  });

  test("views stay inside their block", () => {
    const block = makeHeap().allocate(40);
    expect(block.f32(8).length).toBe(8);
    expect(block.u32(8, 3).length).toBe(3);
    expect(block.f32(40).length).toBe(0);
    expect(() => block.f32(0, 11)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
    expect(() => block.u32(36, 2)).toThrow("length is 2, expected an integer in [0, 1]");
    expect(() => block.f32(44)).toThrow("byteOffset is 44, expected a multiple of 4 in [0, 40]");
    expect(() => block.f32(2)).toThrow(RangeError);
    expect(() => block.f32(-4)).toThrow(RangeError);
  });

  test("addresses above 2 GiB are addresses", () => {
    const heap = makeHeap();
    const below = heap.allocate(2 ** 31);
    const above = heap.allocate(4096);
    expect(addressOf(above.f32())).toBeGreaterThan(2 ** 31);
    above.f32().fill(1);
    expect(above.f32()[1023]).toBe(1);
    below.dispose();
    above.dispose();
  });

  test("a block that is dropped undisposed is found and freed, but not while its whole view is in use", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const heap = makeHeap();
    const most = heap.free[0].size;
    const rest = () => heap.free.reduce((sum, region) => sum + region.size, 0);
    const view = (() => heap.allocate(4096).f32())();
    (() => void heap.allocate(8192))();
    expect(rest()).toBe(most - 4096 - 8192);
    for (let i = 0; i < 20; i++) {
      collect();
      await new Promise((done) => setTimeout(done, 5));
    }
    expect(rest()).toBe(most - 4096);
    expect(view.length).toBe(1024);
  });
});
