import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  // Tests run on src, never on a dist that may be stale: the two doors and the package's own names point there.
  resolve: {
    alias: [
      { find: "#native", replacement: source("backend/native.ts") },
      { find: "#wasm", replacement: source("backend/wasm/door.inline.ts") },
      { find: /^nn-embedding$/, replacement: source("index.ts") },
      { find: /^nn-embedding\/optim$/, replacement: source("optim/index.ts") },
      { find: /^nn-embedding\/checkpoint$/, replacement: source("checkpoint/index.ts") },
      { find: /^nn-embedding\/checkpoint\/file$/, replacement: source("checkpoint/file.ts") },
    ],
  },
  test: {
    testTimeout: 240_000,
    maxWorkers: "100%", // of the processors; by default one is left out, which of two is half
    projects: [
      { extends: true, test: { name: "source", include: ["test/**/*.test.ts"], exclude: ["test/package/**"] } },
      {
        extends: true,
        test: { name: "package", include: ["test/package/*.test.ts"], globalSetup: "test/package/pack.mjs" },
      },
    ],
  },
});
