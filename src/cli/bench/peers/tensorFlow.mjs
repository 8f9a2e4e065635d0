/** TensorFlow.js on its WASM backend, for peer.mjs. Results stay in its memory: reading them is not timed. */
import { dirname, join } from "node:path";

export const packages = () => ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"];

export async function start(require, _name, threads) {
  const tf = require("@tensorflow/tfjs-core");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  const folder = dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  wasm.setWasmPaths(join(folder, "dist", "/"));
  wasm.setThreadsCount(threads);
  if (!(await tf.setBackend("wasm"))) throw new Error("the WASM backend does not start");
  await tf.ready();

  const ids = (array) => tf.tensor1d(new Int32Array(array.buffer, array.byteOffset, array.length), "int32");
  const ops = {
    gather({ rows, dim }, arrays) {
      const table = tf.tensor2d(arrays.table, [rows, dim]);
      const list = ids(arrays.ids);
      return () => tf.gather(table, list);
    },
    bags({ rows, dim, batch, mode }, arrays) {
      if (mode === "weighted") return undefined;
      const table = tf.tensor2d(arrays.table, [rows, dim]);
      const list = ids(arrays.ids);
      const size = arrays.ids.length / batch;
      return () => tf.tidy(() => tf[mode](tf.reshape(tf.gather(table, list), [batch, size, dim]), 1));
    },
    matmul({ layout, m, n, k }, arrays) {
      const a = tf.tensor2d(arrays.a, [m, k]);
      const b = tf.tensor2d(arrays.b, layout === "NT" ? [n, k] : [k, n]);
      return () => tf.matMul(a, b, false, layout === "NT");
    },
    // Its gradient of a lookup is unsortedSegmentSum, which has no kernel in WASM; scatterND sums as well, into a table of zeros.
    scatterFresh({ rows, dim, batch }, arrays) {
      const list = tf.reshape(ids(arrays.ids), [batch, 1]);
      const gradOut = tf.tensor2d(arrays.gradOut, [batch, dim]);
      return () => tf.scatterND(list, gradOut, [rows, dim]);
    },
    topK({ n, rows, dim, k }, arrays) {
      const hidden = tf.tensor2d(arrays.hidden, [n, dim]);
      const table = tf.tensor2d(arrays.table, [rows, dim]);
      return () => tf.tidy(() => tf.topk(tf.matMul(hidden, table, false, true), k).values);
    },
  };

  let scope = false;
  return {
    version: require("@tensorflow/tfjs-core/package.json").version,
    load({ op, sizes, arrays }) {
      if (scope) tf.engine().endScope();
      tf.engine().startScope();
      scope = true;
      const compute = ops[op]?.(sizes, arrays);
      if (compute === undefined) return undefined;
      let last;
      return {
        run() {
          last?.dispose();
          last = compute();
        },
        values: () => last.dataSync(),
        forget: () => {
          last?.dispose();
          last = undefined;
        },
      };
    },
  };
}
