/** What Node and Bun ask an object by how `console.log` is to print it: one line, and nothing of what lies inside. */
export const inspect: unique symbol = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom") as never;
