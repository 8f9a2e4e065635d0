import { expect, test } from "vitest";
import { show } from "../src/errors.js";

const throws = {
  get(): never {
    throw new Error("looked at");
  },
};

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

test.each([
  ["a".repeat(61), `"${"a".repeat(60)}…"`],
  [7n, "7n"],
  [-0, "-0"],
  [Symbol("s"), "Symbol(s)"],
  [() => 1, "a function"],
  [undefined, "undefined"],
  [null, "null"],
  [[1, 2], "Array(2)"],
  [new Int8Array(3), "Int8Array(3)"],
  [new DataView(new ArrayBuffer(4)), "DataView(4)"],
  [new Map(), "an instance of Map"],
  [Object.create(null), "an object without a prototype"],
])("%o is shown", (value, shown) => expect(show(value)).toBe(shown));

test.each<[string, unknown]>([
  ["a constructor's getter", Object.defineProperty({}, "constructor", throws)],
  ["a name's getter", { constructor: Object.defineProperty({}, "name", throws) }],
  ["a name that is no text", { constructor: { name: Symbol("s") } }],
  ["a revoked proxy", revoked({})],
  ["a revoked proxy of an array", revoked([])],
  ["an array whose length throws", new Proxy([], throws)],
])("%s never makes show throw", (_, value) => expect(show(value)).toBe("an object"));
