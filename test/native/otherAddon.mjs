import process from "node:process";

// Loaded before anything else by sanitize.mjs: whoever loads the addon gets the one that NN_EMBEDDING_TEST_ADDON names.
const { dlopen } = process;
process.dlopen = (module, path, ...flags) => {
  dlopen(module, path.endsWith("nn_embedding.node") ? process.env.NN_EMBEDDING_TEST_ADDON : path, ...flags);
};
