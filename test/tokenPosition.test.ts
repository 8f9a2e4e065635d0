import { describe, expect, test } from "vitest";
import { TokenPositionEmbedding } from "../src/layers/tokenPositionEmbedding.js";
import { Generator } from "../src/random/generator.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, refusalOf } from "./refusals.js";

const [numEmbeddings, contextLength, dim] = [40, 16, 24];
const tables = {
  token: filled(new Random(1), numEmbeddings * dim),
  position: filled(new Random(2), contextLength * dim),
};
/** Eight sequences of twelve: enough rows to reach the kernels of every backend. */
const indices = Uint32Array.from({ length: 96 }, (_, i) => (i * 7) % numEmbeddings);
const gradOut = filled(new Random(3), indices.length * dim);
const twelve = { sequenceLength: 12 };

onEveryImplementation(({ name: backend }) => {
  const make = (options: object = {}) =>
    TokenPositionEmbedding.fromPretrained(tables, { embeddingDim: dim, freeze: false, backend, ...options });

  test("the sum is that of the two lookups, bit for bit", () => {
    using input = make();
    for (const start of [0, 3, 4]) {
      const positions = indices.map((_, i) => start + (i % 12));
      const [token, position] = [input.token.forward(indices), input.position.forward(positions)];
      const sums = input.forward(indices, { ...twelve, start });
      expectSameBits(
        sums,
        token.map((x, at) => x + position[at]),
        `start ${start}`,
      );
      // One token at a time, as when decoding.
      for (let i = 0; i < 12; i++) {
        const one = input.forward([indices[i]], { start: start + i });
        expectSameBits(one, sums.slice(i * dim, (i + 1) * dim), `token ${i}`);
      }
    }
    expect([input.numEmbeddings, input.contextLength, input.embeddingDim]).toEqual([40, 16, 24]);
  });

  test("a sequence is an innermost array, or all there is", () => {
    using input = make();
    const list = Array.from(indices);
    const rows = Array.from({ length: 8 }, (_, r) => list.slice(r * 12, (r + 1) * 12));
    const expected = input.forward(indices, twelve);
    expectSameBits(input.forward(rows), expected, "8 x 12");
    expectSameBits(input.forward([rows.slice(0, 5), rows.slice(5)]), expected, "5 and 3 x 12");
    expectSameBits(input.forward(rows[0]), expected.slice(0, 12 * dim), "12");
    expectSameBits(input.forward(indices.subarray(0, 12)), expected.slice(0, 12 * dim), "a typed array of 12");
    // Asked for another length, it is the reading order that counts.
    expectSameBits(
      input.forward([rows.slice(0, 1), rows[1]], { sequenceLength: 12 }),
      expected.slice(0, 24 * dim),
      "mixed",
    );
    for (const none of [[], [[]], new Uint32Array(0)]) expect(input.forward(none)).toHaveLength(0);
    expect(input.forward([], { sequenceLength: 7, start: 99 })).toHaveLength(0);
  });

  test("writes into the caller's memory and returns it", () => {
    using input = make();
    const out = new Float32Array(96 * dim);
    expect(input.forward(indices, twelve, out)).toBe(out);
    expectSameBits(out, input.forward(indices, twelve), "out");
  });

  test.each([false, true])("backward is that of the two lookups, bit for bit; sparse tokens: %s", (sparse) => {
    const options = { sparse, paddingIdx: 7, scaleGradByFreq: true };
    using input = make(options);
    using twin = make(options);
    for (const start of [0, 4]) {
      input.backward(indices, { ...twelve, start }, gradOut);
      twin.token.backward(indices, gradOut);
      twin.position.backward(
        indices.map((_, i) => start + (i % 12)),
        gradOut,
      );
    }
    expect([input.token.weight.grad!.kind, input.position.weight.grad!.kind]).toEqual([
      sparse ? "sparse" : "dense",
      "dense",
    ]);
    for (const table of ["token", "position"] as const) {
      expectSameBits(input[table].weight.grad!.toDense(), twin[table].weight.grad!.toDense(), table);
    }
  });

  test("the options are the token table's; maxNorm is kept before the sum is taken", () => {
    using input = make({ maxNorm: 1, paddingIdx: -1, trainableRows: { start: 0, end: 20 } });
    using twin = make({ maxNorm: 1, trainableRows: { start: 0, end: 20 } });
    expect([input.token.paddingIdx, input.token.maxNorm, input.position.maxNorm]).toEqual([39, 1, null]);
    const token = twin.token.forward(indices);
    const sums = input.forward(indices, { sequenceLength: 1 });
    expectSameBits(
      sums,
      token.map((x, at) => x + tables.position[at % dim]),
      "sums",
    );
    expectSameBits(input.token.weight.data, twin.token.weight.data, "tokens");
    expectSameBits(input.position.weight.data, tables.position, "positions");
  });

  test("the tables are drawn one after the other; sinusoidal positions are not drawn and not trained", () => {
    using learned = new TokenPositionEmbedding(9, 5, 6, { backend, generator: new Generator(4) });
    using fixed = new TokenPositionEmbedding(9, 5, 6, {
      backend,
      generator: new Generator(4),
      positions: "sinusoidal",
    });
    expectSameBits(fixed.token.weight.data, learned.token.weight.data, "tokens");
    expect([learned.position.weight.requiresGrad, fixed.position.weight.requiresGrad]).toEqual([true, false]);
    expect([...fixed.position.weight.data.subarray(0, 6)]).toEqual([0, 1, 0, 1, 0, 1]);
    expect([...fixed.position.weight.data.subarray(6, 8)]).toEqual([Math.sin(1), Math.cos(1)].map(Math.fround));
    fixed.backward([1, 2], {}, new Float32Array(12));
    expect([fixed.token.weight.grad === null, fixed.position.weight.grad]).toEqual([false, null]);
  });

  test("frozen unless told otherwise", () => {
    using input = TokenPositionEmbedding.fromPretrained(tables, { embeddingDim: dim, backend });
    input.backward(indices, twelve, gradOut);
    expect([input.token.weight.grad, input.position.weight.grad]).toEqual([null, null]);
  });

  test("tables that are other layers' memory, which moves while copies are made", () => {
    const large = filled(new Random(9), 3000 * 600);
    using first = TokenPositionEmbedding.fromPretrained(
      { token: large, position: large },
      { embeddingDim: 600, backend },
    );
    const [token, position] = [first.token.weight.data, first.position.weight.data];
    using second = TokenPositionEmbedding.fromPretrained({ token, position }, { embeddingDim: 600, backend });
    expectSameBits(second.token.weight.data, large, "token");
    expectSameBits(second.position.weight.data, large, "position");
    // A gradOut in memory that moves while the gradients' memory is made.
    using third = make();
    using wide = new TokenPositionEmbedding(100_000, 2000, dim, { backend });
    const moving = third.token.weight.data;
    wide.backward(indices.subarray(0, numEmbeddings), {}, moving);
    expectSameBits(wide.position.weight.grad!.toDense().slice(0, numEmbeddings * dim), tables.token, "grad");
  });

  test("a resized token table is looked up as it is now", () => {
    using input = make();
    input.token.resize(50);
    const row = input.token.weight.data.slice(49 * dim);
    expectSameBits(
      input.forward([49]),
      row.map((x, j) => x + tables.position[j]),
      "row 49",
    );
  });

  describe("refusals, which change nothing", () => {
    const context = "expected an integer in [0, 16), the context length";
    const cases: Record<string, (input: TokenPositionEmbedding) => unknown> = {
      [`RangeError [ERR_OUT_OF_RANGE]: position of indices[16] is 16, ${context}`]: (input) => input.forward(indices),
      [`RangeError [ERR_OUT_OF_RANGE]: position of indices[4] is 16, ${context}`]: (input) =>
        input.forward(indices, { ...twelve, start: 12 }),
      [`RangeError [ERR_OUT_OF_RANGE]: position of indices[0] is 16, ${context}`]: (input) =>
        input.forward([1], { start: 16 }),
      [`RangeError [ERR_OUT_OF_RANGE]: position of indices[0] is 9007199254740991, ${context}`]: (input) =>
        input.forward([1], { start: Number.MAX_SAFE_INTEGER }),
      [`RangeError [ERR_OUT_OF_RANGE]: position of indices[15] is 16, ${context}`]: (input) =>
        input.backward(indices, { sequenceLength: 16, start: 1 }, gradOut),
      "RangeError [ERR_INVALID_LENGTH]: indices.length is 96, expected a multiple of 7 = sequenceLength": (input) =>
        input.forward(indices, { sequenceLength: 7 }),
      "RangeError [ERR_INVALID_LENGTH]: indices[1].length is 1, expected 2 as before it, or a sequenceLength": (
        input,
      ) => input.forward([[1, 2], [3]]),
      "RangeError [ERR_INVALID_LENGTH]: indices[1][0] is a number beside arrays, expected sequences, or a sequenceLength":
        (input) =>
          input.forward([
            [1, 2],
            [3, [4, 5]],
          ]),
      "RangeError [ERR_OUT_OF_RANGE]: sequenceLength is 0, expected a positive integer": (input) =>
        input.forward(indices, { sequenceLength: 0 }),
      "RangeError [ERR_OUT_OF_RANGE]: start is -1, expected an integer >= 0": (input) =>
        input.forward(indices, { ...twelve, start: -1 }),
      'TypeError [ERR_INVALID_ARG_TYPE]: start is "0", expected an integer >= 0': (input) =>
        input.forward(indices, { ...twelve, start: any("0") }),
      'TypeError [ERR_INVALID_ARG_TYPE]: options has "offset", expected only sequenceLength, start': (input) =>
        input.forward(indices, any({ offset: 1 })),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: indices[95] is 40, expected an integer in [0, 40)": (input) =>
        input.forward(indices.with(95, 40), twelve),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: indices[1][1] is -1, expected an integer in [0, 40)": (input) =>
        input.forward([
          [0, 1],
          [2, -1],
        ]),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: indices[50] is -1, expected an integer in [0, 40)": (input) =>
        input.backward(Int32Array.from(indices).with(50, -1), twelve, gradOut),
      "RangeError [ERR_INVALID_LENGTH]: gradOut.length is 24, expected 2304 = numIndices x embeddingDim": (input) =>
        input.backward(indices, twelve, gradOut.subarray(0, 24)),
      "RangeError [ERR_INVALID_LENGTH]: out.length is 24, expected 2304 = numIndices x embeddingDim": (input) =>
        input.forward(indices, twelve, new Float32Array(24)),
      "RangeError [ERR_OUT_OF_RANGE]: out is part of token.weight's memory, expected memory of its own": (input) =>
        input.forward([1], {}, input.token.weight.data.subarray(0, dim)),
      "RangeError [ERR_OUT_OF_RANGE]: out is part of position.weight's memory, expected memory of its own": (input) =>
        input.forward([1], {}, input.position.weight.data.subarray(0, dim)),
    };
    test.each(Object.entries(cases))("%s", (refusal, call) => {
      using input = make({ maxNorm: 0.1 });
      expect(refusalOf(() => call(input))).toBe(refusal);
      expect([input.token.weight.grad, input.position.weight.grad]).toEqual([null, null]);
      expectSameBits(input.token.weight.data, tables.token, "token");
      expectSameBits(input.position.weight.data, tables.position, "position");
    });

    const size = "expected an integer in [1, 2147483647]";
    const made: Record<string, () => unknown> = {
      [`RangeError [ERR_OUT_OF_RANGE]: contextLength is 0, ${size}`]: () => new TokenPositionEmbedding(3, 0, 2),
      [`RangeError [ERR_OUT_OF_RANGE]: numEmbeddings is 0, ${size}`]: () => new TokenPositionEmbedding(0, 3, 2),
      "RangeError [ERR_OUT_OF_RANGE]: embeddingDim is 0, expected a positive integer": () =>
        new TokenPositionEmbedding(3, 3, 0),
      'RangeError [ERR_OUT_OF_RANGE]: positions is "rotary", expected "learned" or "sinusoidal"': () =>
        new TokenPositionEmbedding(3, 3, 2, { positions: any("rotary") }),
      "RangeError [ERR_INVALID_LENGTH]: tables.position.length is 5, expected a positive multiple of 2 = embeddingDim":
        () =>
          TokenPositionEmbedding.fromPretrained(
            { token: new Float32Array(4), position: new Float32Array(5) },
            { embeddingDim: 2, backend },
          ),
      "TypeError [ERR_INVALID_ARG_TYPE]: tables.position is undefined, expected a Float32Array or a tensor: { shape, data }":
        () => TokenPositionEmbedding.fromPretrained(any({ token: new Float32Array(4) }), { embeddingDim: 2, backend }),
      'TypeError [ERR_INVALID_ARG_TYPE]: tables has "wpe", expected only token, position': () =>
        TokenPositionEmbedding.fromPretrained(any({ wpe: 1 }), { embeddingDim: 2, backend }),
    };
    test.each(Object.entries(made))("%s", (refusal, call) => expect(refusalOf(call)).toBe(refusal));

    test("after dispose", () => {
      const input = make();
      input.dispose();
      input.dispose();
      const disposed = "TypeError [ERR_DISPOSED]: weight is disposed, expected one in use";
      expect(refusalOf(() => input.forward([1]))).toBe(disposed);
      expect(refusalOf(() => input.backward([1], {}, new Float32Array(dim)))).toBe(disposed);
    });
  });
});
