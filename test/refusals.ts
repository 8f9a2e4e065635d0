/** A refusal as the caller sees it, the same on every backend: "RangeError [ERR_OUT_OF_RANGE]: k is 0, expected ...". */
export function refusalOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    return `${name} [${code}]: ${message}`;
  }
  return "nothing was refused";
}

/** What is no number[] to the compiler, for callers without one. */
export const any = (value: unknown) => value as never;

export function detached<A extends ArrayBufferView>(array: A): A {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

export function shrunk(kind: typeof Float32Array | typeof Int16Array, length: number): never {
  const Resizable = ArrayBuffer as unknown as new (
    size: number,
    options: object,
  ) => ArrayBuffer & { resize(size: number): void };
  const buffer = new Resizable(length * 4, { maxByteLength: length * 4 });
  const array = new kind(buffer, 0, length);
  buffer.resize(0);
  return any(array);
}
