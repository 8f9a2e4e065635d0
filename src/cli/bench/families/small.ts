import type { Backend } from "../../../backend/backend.js";
import { Embedding } from "../../../layers/embedding.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { type Case, count, type Family, type Prepared, seed, type Wants } from "../case.js";
import { drawIds } from "../setup/ids.js";
import { gatherByLoop, gatherNumbers } from "../setup/plain.js";
import { Setup } from "../setup/setup.js";
import { verifyRows } from "../setup/verify.js";
import { gatherCase } from "./gather.js";
import { scatterCase } from "./scatterAdd.js";

const words = { rows: 1000, dim: 64 };

export const small: Family = {
  name: "small",
  legend:
    "Timed: calls so small that getting to the work is most of it, all checks included: Embedding.forward(Uint32Array, out), the same with a " +
    "plain array and a new result, and a sparse backward. Plain JS: the same by hand without any check. Limit: bare C++ loops, of the last " +
    "a memcpy of as many bytes.",
  cases: [
    gatherCase("small", "C0", "four rows of three floats", { rows: 6, dim: 3, batch: 4, ids: "uniform" }),
    gatherCase("small", "C1", "one row", { ...words, batch: 1, ids: "uniform" }),
    gatherCase("small", "C8", "eight rows", { ...words, batch: 8, ids: "uniform" }),
    gatherCase("small", "C64", "sixty-four rows", { ...words, batch: 64, ids: "uniform" }),
    numbersCase("C8n", "eight rows of plain numbers", 8),
    scatterCase("C8b", "the gradient of eight rows", { ...words, batch: 8, ids: "uniform", to: "sparse" }, "small"),
  ],
};

function numbersCase(name: string, means: string, batch: number): Case {
  const { rows, dim } = words;
  return {
    family: "small",
    name,
    means,
    shape: `${batch} numbers, ${count(rows)} x ${dim}`,
    sizes: { ...words, batch },
    work: { amount: 4 * batch * (1 + 2 * dim), unit: "GB/s" },
    bytes: (implementations) => 8 * (implementations.length + 1) * rows * dim,
    prepare: (implementations, wants) => prepare(name, batch, implementations, wants),
  };
}

function prepare(name: string, batch: number, implementations: readonly Backend[], wants: Wants): Prepared {
  const { rows, dim } = words;
  const generator = new Generator(seed);
  const table = drawFloats(rows * dim, generator);
  const ids = drawIds("uniform", rows, batch, generator);
  const numbers = [...ids];
  const expected = new Float32Array(batch * dim);
  gatherByLoop(table, dim, ids, expected);
  let out: Float32Array = expected;
  const verify = (where: string): void => verifyRows(where, "out", dim, out, expected);

  const setup = new Setup(name, wants);
  setup.each(implementations, (_, label) => {
    const layer = setup.keep(Embedding.fromPretrained(table, { embeddingDim: dim, backend: label }));
    const run = (calls: number): void => {
      for (let call = 0; call < calls; call++) out = layer.forward(numbers);
    };
    setup.add(label, run, verify);
  });
  const byLoop = (calls: number): void => {
    for (let call = 0; call < calls; call++) out = gatherNumbers(table, dim, numbers);
  };
  setup.addPlain("loop", byLoop, verify);
  return setup.prepared();
}
