/** onnxruntime-node and onnxruntime-web, for peer.mjs. The work is a model that onnxJobs.ts has written. */
export const packages = (name) => [name];

export async function start(require, name, threads) {
  const ort = require(name);
  if (name === "onnxruntime-web") ort.env.wasm.numThreads = threads;
  const options = {
    executionProviders: [name === "onnxruntime-web" ? "wasm" : "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  };

  return {
    version: ort.env.versions.common,
    async load({ op, sizes, arrays }) {
      if (op !== "onnx") return undefined;
      const session = await ort.InferenceSession.create(arrays.model, options);
      arrays.model = undefined;
      const tensor = (type, data, dims) =>
        new ort.Tensor(type, type === "int32" ? new Int32Array(data.buffer, data.byteOffset, data.length) : data, dims);
      const feeds = Object.fromEntries(
        sizes.feeds.map(({ name, type, dims }) => [name, tensor(type, arrays[name], dims)]),
      );
      // Results go into the caller's memory, where the runtime can: that of the web gives memory of its own back.
      const { dims } = sizes.out;
      const out = new Float32Array(dims.reduce((product, each) => product * each, 1));
      const fetches = name === "onnxruntime-web" ? ["out"] : { out: tensor("float32", out, dims) };
      let last;
      return {
        async run() {
          last = await session.run(feeds, fetches);
        },
        values: () => last.out.data,
        forget: () => session.release(),
      };
    },
  };
}
