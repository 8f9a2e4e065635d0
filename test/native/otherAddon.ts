import process from "node:process";

/** Whoever loads the addon gets the one that NN_EMBEDDING_TEST_ADDON names. */
const { dlopen } = process;
process.dlopen = (module: object, path: string, ...flags: number[]): void => {
  const isAddon = path.endsWith("nn_embedding.node");
  dlopen(module, isAddon ? process.env.NN_EMBEDDING_TEST_ADDON! : path, ...flags);
};
