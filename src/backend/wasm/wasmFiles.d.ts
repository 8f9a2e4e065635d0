/** What an edge runtime makes of a .wasm file: a Module, compiled when the program is deployed. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}
