/**
 * nn-embedding/web: all names of nn-embedding, nn-embedding/optim and nn-embedding/checkpoint, for a browser without a bundler. The build
 * makes one file of it that imports nothing.
 */
export * from "./checkpoint/index.js";
export * from "./index.js";
export * from "./optim/index.js";
