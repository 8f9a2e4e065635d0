import { expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { matmul } from "../src/layers/matmul.js";
import { oneHot } from "../src/layers/oneHot.js";
import { Generator } from "../src/random/generator.js";
import { expectSameBits } from "./conformance/bits.js";
import { onEveryImplementation } from "./conformance/implementations.js";

onEveryImplementation(({ name: backend }) => {
  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])("matmul, transposeA: %s, transposeB: %s", (transposeA, transposeB) => {
    const [m, n, k] = [2, 3, 2];
    const a = transposeA ? [1, 3, 2, 4] : [1, 2, 3, 4];
    const b = transposeB ? [5, 8, 6, 9, 7, 10] : [5, 6, 7, 8, 9, 10];
    const out = new Float32Array(6);
    const options = { m, n, k, transposeA, transposeB, backend, out };
    expect(matmul(Float32Array.from(a), Float32Array.from(b), options)).toBe(out);
    expect(out).toEqual(Float32Array.of(21, 24, 27, 47, 54, 61));
  });

  test("one-hot rows times the table are the lookup, bit for bit", () => {
    using layer = new Embedding(70, 33, { backend, generator: new Generator(5) });
    const indices = Uint32Array.from({ length: 90 }, (_, i) => (i * 31) % 70);
    const product = matmul(oneHot(indices, 70), layer.weight.data, { m: 90, n: 33, k: 70, backend });
    expectSameBits(product, layer.forward(indices), "product");
  });
});
