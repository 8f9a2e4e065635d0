import { expect, test } from "vitest";
import { Linear } from "../src/layers/linear.js";
import { onEveryImplementation } from "./conformance/implementations.js";

onEveryImplementation(({ name: backend }) => {
  test("forward is x weight^T + bias, backward the three gradients", () => {
    using linear = new Linear(2, 3, { backend });
    linear.weight.data.set([1, 2, 3, 4, 5, 6]);
    linear.bias!.data.set([10, 20, 30]);
    const x = Float32Array.of(1, 1, 2, -1);
    expect(linear.forward(x)).toEqual(Float32Array.of(13, 27, 41, 10, 22, 34));
    expect(linear.backward(x, Float32Array.of(1, 0, -1, 2, 1, 0))).toEqual(Float32Array.of(-4, -4, 5, 8));
    expect(linear.weight.grad!.toDense()).toEqual(Float32Array.of(5, -1, 2, -1, -1, -1));
    expect(linear.bias!.grad!.toDense()).toEqual(Float32Array.of(3, 1, -1));
    expect([linear.weight.shape, linear.bias!.shape]).toEqual([
      [3, 2],
      [3, 1],
    ]);
  });

  test("no rows are no work, and a gradient of zeros", () => {
    using linear = new Linear(2, 3, { backend });
    expect(linear.forward(new Float32Array(0))).toHaveLength(0);
    expect(linear.backward(new Float32Array(0), new Float32Array(0))).toHaveLength(0);
    expect(linear.weight.grad!.toDense()).toEqual(new Float32Array(6));
  });
});
