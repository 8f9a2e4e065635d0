import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeSafetensors } from "../../src/checkpoint/safetensors.js";
import {
  Embedding,
  EmbeddingBag,
  type FloatTensor,
  Linear,
  TokenPositionEmbedding,
  Unembedding,
} from "../../src/index.js";
import { expectSameBits } from "../conformance/bits.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingValues, none } from "./vectors.js";

const path = fileURLToPath(new URL("vectors/pretrained.safetensors", import.meta.url));
const { tensors, metadata } = decodeSafetensors(readFileSync(path));
const tensor = (name: string): FloatTensor => tensors.get(name)!; // as a reader of the README writes it
const floats = (name: string): Float32Array => tensors.get(name)!.data as Float32Array;

onEveryImplementation(({ name: backend }) => {
  const kinds = [
    ["half", "F16", [24, 6]],
    ["bfloat", "BF16", [24, 6]],
    ["double", "F64", [20, 4]],
  ] as const;
  test.each(kinds)(
    "a table of %s begins with what PyTorch's .float() makes of it, bit for bit",
    (name, dtype, shape) => {
      const table = tensor(`${name}.${dtype}`);
      const expected = floats(`${name}.float`);
      using layer = Embedding.fromPretrained(table, { backend });
      using bag = EmbeddingBag.fromPretrained(table, { embeddingDim: shape[1], freeze: false, backend });
      using input = TokenPositionEmbedding.fromPretrained({ token: table, position: table }, { backend });
      for (const { weight } of [layer, bag, input.token, input.position]) {
        expect(weight.shape).toEqual(shape);
        expect(weight.data.length).toBe(expected.length);
        for (const [i, value] of expected.entries()) if (!Object.is(weight.data[i], value)) throw new Error(`[${i}]`);
      }
      expect([layer, bag, input.token].map(({ weight }) => weight.requiresGrad)).toEqual([false, true, false]);
    },
  );

  test.each([
    ["half", "F16"],
    ["bfloat", "BF16"],
  ])("so do all 65,536 of %s, infinities and NaNs with what they carry too", (name, dtype) => {
    const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    using layer = Embedding.fromPretrained({ dtype, shape: [256, 256], data }, { backend });
    const { buffer, byteOffset, byteLength } = layer.weight.data;
    const digest = createHash("sha256")
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest("hex");
    expect(digest).toBe(metadata[`${name}.sha256`]);
  });

  describe("Linear", () => {
    test("has the weight and the bias of the checkpoint", () => {
      using linear = Linear.fromPretrained(tensor("weight.F16"), tensor("bias.BF16"), { backend });
      expectSameBits(linear.weight.data, floats("weight.float"), "weight");
      expectSameBits(linear.bias!.data, floats("bias.float"), "bias");
      expect([linear.inFeatures, linear.outFeatures, linear.weight.requiresGrad, linear.bias!.requiresGrad]).toEqual([
        ...[6, 5, false, false],
      ]);
      const expected = floats("linear.out");
      expect(differingValues(linear.forward(floats("linear.x")), expected, 1e-6)).toEqual(none(expected));
    });

    test("without a bias, to be trained on", () => {
      using linear = Linear.fromPretrained(tensor("weight.F16"), null, { freeze: false, backend });
      expect([linear.bias, linear.weight.requiresGrad]).toEqual([null, true]);
      linear.backward(floats("linear.x"), new Float32Array(15));
      expect(linear.weight.grad!.toDense()).toEqual(new Float32Array(30));
    });
  });

  test("a head takes a bias of the checkpoint, which is trained", () => {
    using table = Embedding.fromPretrained(tensor("weight.F16"), { backend });
    using head = new Unembedding(table.weight, { bias: tensor("bias.BF16") });
    using twin = Linear.fromPretrained(table.weight, tensor("bias.BF16"), { backend });
    expectSameBits(head.bias!.data, floats("bias.float"), "bias");
    expect(head.bias!.requiresGrad).toBe(true);
    expectSameBits(head.forward(floats("linear.x")), twin.forward(floats("linear.x")), "logits");
    table.resize(6);
    expect(head.bias!.data[5]).toBe(0);
  });
});
