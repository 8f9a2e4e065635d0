/** What a model at the edge asks of its table: token and position rows of a prompt, and the most likely next tokens. */
import { manualSeed, TokenPositionEmbedding, Unembedding } from "nn-embedding";
import { Digest } from "./digest.js";

/** GPT-2's vocabulary with 480 floats a row, and 1024 positions: 98 MB. */
const [vocabulary, contextLength, dim] = [50257, 1024, 480];

function makeModel() {
  manualSeed(123);
  const input = new TokenPositionEmbedding(vocabulary, contextLength, dim);
  return { input, head: new Unembedding(input.token.weight) };
}

/** The rows of a prompt of 64 tokens and, as if they were hidden states, the 8 best tokens after the last four. */
function answer({ input, head }, seed) {
  const prompt = Uint32Array.from({ length: 64 }, (_, i) => (i * 7919 + seed * 104729) % vocabulary);
  const rows = input.forward(prompt);
  const { indices, values } = head.topK(rows.subarray(60 * dim), 8);
  const digest = new Digest();
  for (const part of [rows, indices, values]) digest.add(part);
  return digest.text;
}

let model;

export default {
  fetch() {
    model ??= makeModel();
    const { weight } = model.input.token;
    const answers = Array.from({ length: 20 }, (_, seed) => answer(model, seed));
    // All tables and scratch memory lie in one linear memory, which the table is a view of.
    return Response.json({
      answers,
      linearMemory: weight.data.buffer.byteLength,
      implementation: weight.implementation,
    });
  },
};
