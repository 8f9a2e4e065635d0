import type { Job } from "./job.js";
import { encodeModel, type OnnxConstant, type OnnxNode, type OnnxValue } from "./onnxModel.js";

/** What onnxruntime is given for a job: nodes from inputs "table", "ids", … to "out", and which of the arrays belong to the model. */
interface Plan {
  readonly nodes: readonly OnnxNode[];
  readonly values: readonly Omit<OnnxValue, "type">[];
  readonly out: readonly number[];
  /** Arrays that are constants of the model, as the weights of a model are. */
  readonly constants: readonly string[];
  readonly integers?: Readonly<Record<string, readonly number[]>>;
}

type Sizes = Readonly<Record<string, number>> & { readonly mode: string; readonly layout: string };

/** A model may hold so many bytes: protocol buffers end at 2 GB. A larger table is fed to it. */
const mostModelBytes = 1.9e9;

const plans: Readonly<Record<string, (sizes: Sizes) => Plan | undefined>> = {
  gather: ({ rows, dim, batch }) => ({
    nodes: [{ op: "Gather", inputs: ["table", "ids"], outputs: ["out"], attributes: { axis: 0 } }],
    values: [
      { name: "table", dims: [rows, dim] },
      { name: "ids", dims: [batch] },
    ],
    out: [batch, dim],
    constants: ["table"],
  }),

  bags: ({ rows, dim, batch, bagSize, mode }) => {
    const looked: OnnxNode = { op: "Gather", inputs: ["table", "ids"], outputs: ["looked"], attributes: { axis: 0 } };
    const reduce = (op: string, from: string, attributes = {}): OnnxNode => ({
      op,
      inputs: op === "ReduceSum" ? [from, "axis"] : [from],
      outputs: ["out"],
      attributes: { keepdims: 0, ...attributes },
    });
    const pooled = {
      sum: [reduce("ReduceSum", "looked")],
      mean: [reduce("ReduceMean", "looked", { axes: [1] })],
      max: [reduce("ReduceMax", "looked", { axes: [1] })],
      weighted: [{ op: "Mul", inputs: ["looked", "weights"], outputs: ["weighed"] }, reduce("ReduceSum", "weighed")],
    }[mode];
    if (pooled === undefined) return undefined;
    return {
      nodes: [looked, ...pooled],
      values: [
        { name: "table", dims: [rows, dim] },
        { name: "ids", dims: [batch, bagSize] },
        ...(mode === "weighted" ? [{ name: "weights", dims: [batch, bagSize, 1] }] : []),
      ],
      out: [batch, dim],
      constants: ["table"],
      ...((mode === "sum" || mode === "weighted") && { integers: { axis: [1] } }),
    };
  },

  matmul: ({ layout, m, n, k }) => ({
    nodes: [
      layout === "NT"
        ? { op: "Gemm", inputs: ["a", "b"], outputs: ["out"], attributes: { transB: 1 } }
        : { op: "MatMul", inputs: ["a", "b"], outputs: ["out"] },
    ],
    values: [
      { name: "a", dims: [m, k] },
      { name: "b", dims: layout === "NT" ? [n, k] : [k, n] },
    ],
    out: [m, n],
    constants: ["b"],
  }),

  topK: ({ n, rows, dim, k }) => ({
    nodes: [
      { op: "Gemm", inputs: ["hidden", "table"], outputs: ["logits"], attributes: { transB: 1 } },
      { op: "TopK", inputs: ["logits", "k"], outputs: ["out", "which"], attributes: { axis: 1 } },
    ],
    values: [
      { name: "hidden", dims: [n, dim] },
      { name: "table", dims: [rows, dim] },
    ],
    out: [n, k],
    constants: ["table"],
    integers: { k: [k] },
  }),
};

/** The job for onnxruntime: the model that does it and what it is fed; undefined where ONNX has no words for it. */
export function toOnnxJob(job: Job): Job | undefined {
  const plan = plans[job.op]?.(job.sizes as unknown as Sizes);
  if (plan === undefined) return undefined;
  const isSmall = (name: string): boolean => job.arrays[name].byteLength <= mostModelBytes;
  const isConstant = ({ name }: { readonly name: string }): boolean => plan.constants.includes(name) && isSmall(name);
  const typed = plan.values.map((value): OnnxValue => {
    return { ...value, type: job.arrays[value.name] instanceof Uint32Array ? "int32" : "float32" };
  });
  const inputs = typed.filter((value) => !isConstant(value));
  const tables = typed.filter(isConstant).map((value): OnnxConstant => {
    return { ...value, data: job.arrays[value.name] as Float32Array };
  });
  const integers = Object.entries(plan.integers ?? {}).map(([name, list]): OnnxConstant => {
    return { name, type: "int64", dims: [list.length], data: BigInt64Array.from(list, BigInt) };
  });
  const model = encodeModel({
    nodes: plan.nodes,
    constants: [...tables, ...integers],
    inputs,
    outputs: [{ name: "out", type: "float32", dims: plan.out }],
  });
  const fed = Object.fromEntries(inputs.map(({ name }) => [name, job.arrays[name]]));
  return { ...job, op: "onnx", sizes: { feeds: inputs, out: { dims: plan.out } }, arrays: { model, ...fed } };
}
