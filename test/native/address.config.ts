import config from "../../vitest.config.js";

/** The native half of the conformance suite, with another addon: see sanitize.mjs. */
export default {
  ...config,
  test: { ...config.test, include: ["test/conformance/*.test.ts"], setupFiles: ["test/native/otherAddon.ts"] },
};
