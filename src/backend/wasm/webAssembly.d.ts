/** The little of WebAssembly's JavaScript interface used here: TypeScript has it only in lib.dom, which a library for Node leaves out. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: { readonly env: { readonly memory: Memory } });
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
    /** By so many pages of 64 KiB; the old buffer is detached. Throws RangeError. */
    grow(pages: number): number;
  }
  function validate(bytes: Uint8Array): boolean;
}
