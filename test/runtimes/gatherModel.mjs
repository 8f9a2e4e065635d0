/** The smallest ONNX model that looks rows up: rows = Gather(table, ids), a protocol buffer written by hand. */
export function gatherModel() {
  const node = [...text(1, "table"), ...text(1, "ids"), ...text(2, "rows"), ...text(4, "Gather")];
  const [float, int64] = [1, 7];
  const graph = [
    ...bytes(1, node),
    ...text(2, "lookup"),
    ...bytes(11, tensor("table", float, [64, 64])),
    ...bytes(11, tensor("ids", int64, [64])),
    ...bytes(12, tensor("rows", float, [64, 64])),
  ];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, number(2, 13))]);
}

function tensor(name, type, shape) {
  const dimensions = shape.flatMap((size) => bytes(1, number(1, size)));
  return [...text(1, name), ...bytes(2, bytes(1, [...number(1, type), ...bytes(2, dimensions)]))];
}

function number(field, value) {
  return [field << 3, value];
}

function bytes(field, content) {
  const length = content.length < 128 ? [content.length] : [(content.length & 127) | 128, content.length >> 7];
  return [(field << 3) | 2, ...length, ...content];
}

function text(field, value) {
  return bytes(field, new TextEncoder().encode(value));
}
