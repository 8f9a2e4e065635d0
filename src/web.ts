/**
 * All names of `nn-embedding`, `nn-embedding/optim` and `nn-embedding/checkpoint` in one file that imports nothing (`dist/web.js`), for a
 * browser without a bundler.
 *
 * @module nn-embedding/web
 */
export * from "./checkpoint/index.js";
export * from "./index.js";
export * from "./optim/index.js";
