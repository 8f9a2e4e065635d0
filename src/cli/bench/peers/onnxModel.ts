/**
 * ONNX models, as few of their fields as onnxruntime asks for (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): protocol buffers,
 * each field a tag of its number and kind, and a varint or bytes with their length before them.
 */

/** What a tensor holds. */
export type ElementType = "float32" | "int32" | "int64";

const elementTypes: Readonly<Record<ElementType, number>> = { float32: 1, int32: 6, int64: 7 };

/** An operation: its name in ONNX, the names of what it takes and gives, and its settings, integers or lists of them. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** What is fed to a model, or comes out of it. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

/** A tensor that belongs to the model. */
export interface OnnxConstant extends OnnxValue {
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** The 17th set of operators, in the 8th version of the format. */
const opset = 17;
const irVersion = 8;

/** The bytes of a model file. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const message = new Message();
  message.number(1, irVersion);
  message.message(7, encodeGraph(graph));
  message.message(8, new Message().text(1, "").number(2, opset));
  return message.bytes();
}

function encodeGraph({ nodes, constants, inputs, outputs }: OnnxGraph): Message {
  const graph = new Message();
  for (const node of nodes) graph.message(1, encodeNode(node));
  graph.text(2, "graph");
  for (const constant of constants) graph.message(5, encodeConstant(constant));
  for (const input of inputs) graph.message(11, encodeValue(input));
  for (const output of outputs) graph.message(12, encodeValue(output));
  return graph;
}

function encodeNode({ op, inputs, outputs, attributes = {} }: OnnxNode): Message {
  const node = new Message();
  for (const name of inputs) node.text(1, name);
  for (const name of outputs) node.text(2, name);
  node.text(4, op);
  for (const [name, value] of Object.entries(attributes)) {
    const attribute = new Message().text(1, name);
    if (typeof value === "number") attribute.number(3, value).number(20, 2);
    else {
      for (const each of value) attribute.number(8, each);
      attribute.number(20, 7);
    }
    node.message(5, attribute);
  }
  return node;
}

function encodeConstant({ name, type, dims, data }: OnnxConstant): Message {
  const tensor = new Message();
  for (const dim of dims) tensor.number(1, dim);
  tensor.number(2, elementTypes[type]).text(8, name);
  return tensor.raw(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function encodeValue({ name, type, dims }: OnnxValue): Message {
  const shape = new Message();
  for (const dim of dims) shape.message(1, new Message().number(1, dim));
  const tensor = new Message().number(1, elementTypes[type]).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

/** A message under construction. Bytes are not copied before it is done. */
class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  number(field: number, value: number): this {
    return this.#add(varint(field * 8)).#add(varint(value));
  }

  raw(field: number, bytes: Uint8Array): this {
    return this.#add(varint(field * 8 + 2))
      .#add(varint(bytes.length))
      .#add(bytes);
  }

  text(field: number, text: string): this {
    return this.raw(field, new TextEncoder().encode(text));
  }

  message(field: number, inner: Message): this {
    this.#add(varint(field * 8 + 2)).#add(varint(inner.#length));
    for (const part of inner.#parts) this.#add(part);
    return this;
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** A number in groups of seven bits, the lowest first. */
function varint(value: number): Uint8Array {
  const groups: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.of(...groups, rest);
    groups.push((rest % 128) + 128);
  }
}
