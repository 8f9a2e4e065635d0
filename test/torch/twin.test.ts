import { describe, expect, test } from "vitest";
import { batches, randomOrder, splitExamples } from "../../src/cli/train/batches.js";
import { readText } from "../../src/cli/train/corpus.js";
import { LanguageModel } from "../../src/cli/train/languageModel.js";
import { Vocabulary } from "../../src/cli/train/vocabulary.js";
import { Generator } from "../../src/random/generator.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { openVectors } from "./vectors.js";

/**
 * trainTwin.py trains the model of `nn-embedding train` in PyTorch, from the same text and seed. The first losses agree to the last
 * digits; then rounding differs (PyTorch fuses and sums in another order) and training carries it on, within 1e-4 for 200 steps.
 */
const [size, dim, context, batch] = [3000, 64, 5, 64];

describe("PyTorch's twin of the language model", async () => {
  const twin = openVectors("twin");
  const losses = twin.doubles("losses");
  const text = await readText();
  const tokens = Vocabulary.fromText(text, { size }).encode(text);

  test("reads the same words", () => {
    expect(tokens.length).toBe(twin.int32("numTokens")[0]);
  });

  onEveryImplementation(({ name: backend }) => {
    // Plain and scalar code takes a while for what it would show again: the bits are the same.
    const numSteps = backend.endsWith("scalar") ? 10 : losses.length;
    test(`has the same loss for ${numSteps} steps`, () => {
      const generator = new Generator(123);
      const options = { numTokens: size, dim, context, lr: 0.1, positions: "multiply", generator, backend } as const;
      using model = new LanguageModel(options);
      const order = randomOrder(splitExamples(tokens.length, context).numTraining, generator);
      const found: number[] = [];
      for (const { windows, targets } of batches(tokens, context, order.subarray(0, numSteps * batch), batch)) {
        found.push(model.step(windows, targets));
      }
      expect(found.length).toBe(numSteps);
      found.forEach((loss, i) => {
        expect(Math.abs(loss - losses[i]), `step ${i + 1}: ${loss} against ${losses[i]}`).toBeLessThan(1e-4);
      });
    });
  });
});
