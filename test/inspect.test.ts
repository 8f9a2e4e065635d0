import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Embedding, EmbeddingBag, Linear, TokenPositionEmbedding, Unembedding } from "../src/index.js";
import { AdamW, SparseAdam } from "../src/optim/index.js";
import { onEveryImplementation } from "./conformance/implementations.js";

onEveryImplementation(({ name: backend }) => {
  const layer = new Embedding(50, 7, { paddingIdx: 3, backend });
  const bag = new EmbeddingBag(50, 7, { backend });
  const input = new TokenPositionEmbedding(50, 8, 7, { backend });
  const linear = new Linear(4, 5, { backend });
  const head = new Unembedding(layer.weight, { bias: true });
  const sparse = new SparseAdam([layer.weight]);
  const groups = new AdamW([{ parameters: [linear.weight, linear.bias!], lr: 0.5 }, { parameters: [bag.weight] }]);
  const printed: [object, string][] = [
    [layer, `Embedding(50, 7, ${backend})`],
    [bag, `EmbeddingBag(50, 7, mean, ${backend})`],
    [input, `TokenPositionEmbedding(50, 8, 7, ${backend})`],
    [linear, `Linear(4, 5, ${backend})`],
    [head, `Unembedding(50, 7, ${backend})`],
    [head.bias!, `Parameter(bias, 50 x 1, ${backend})`],
    [sparse, "SparseAdam(1 parameter, lr 0.001, betas 0.9,0.999, eps 1e-8)"],
    [
      groups,
      "AdamW(2 parameters, lr 0.5, betas 0.9,0.999, eps 1e-8, weightDecay 0.01; " +
        "1 parameter, lr 0.001, betas 0.9,0.999, eps 1e-8, weightDecay 0.01)",
    ],
  ];

  test("what console.log prints is one line that says what it is", () => {
    for (const [each, line] of printed) expect(inspect(each)).toBe(line);
    expect(inspect({ layer })).toBe(`{ layer: Embedding(50, 7, ${backend}) }`);
  });

  test("nothing of what lies inside is told by JSON, keys or copies", () => {
    expect(JSON.stringify(layer)).toBe(
      '{"paddingIdx":3,"maxNorm":null,"normType":2,"scaleGradByFreq":false,"sparse":false,"weight":{"requiresGrad":true}}',
    );
    expect(Object.keys(layer.weight)).toEqual(["requiresGrad"]);
    for (const [each] of printed) expect(JSON.stringify(each)).not.toMatch(/kernels|callCost|inFlight/i);
  });
});
