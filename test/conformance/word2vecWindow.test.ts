import { describe, expect, test } from "vitest";
import { allKernels, specification } from "../../src/cli/kernels.js";
import { Random } from "./cases.js";
import { withPlaced } from "./placed.js";
import { openWithWindow } from "./windowed.js";
import { arraysOf, runSteps, stepsCase, valuesOf } from "./word2vecSteps.js";

describe.each(["simd", "scalar"] as const)("wasm:%s", (isa) => {
  test.each(["stepSkipGram", "stepCbow"] as const)("%s, whether or not its lists fit the window", (kind) => {
    const backend = openWithWindow(isa, 16384);
    const random = new Random(4);
    for (const numTuples of [0, 1, 30, 120, 500, 900]) {
      const steps = stepsCase(kind, 9, numTuples, 5);
      const after = { ...steps, inputWeight: steps.inputWeight.slice(), outputWeight: steps.outputWeight.slice() };
      runSteps(specification, steps, after);
      for (const places of [["own", "own", "own", "own"] as const, ["own", "home", "own", "home"] as const]) {
        withPlaced(random, backend, ["home", "home", ...places], valuesOf(steps), (...placed) => {
          expect(runSteps(allKernels(backend), steps, arraysOf(placed))).toBe(numTuples);
          placed[0].expect(after.inputWeight, `inputWeight, ${numTuples}, ${places}`);
          placed[1].expect(after.outputWeight, `outputWeight, ${numTuples}, ${places}`);
        });
      }
    }
  });
});
