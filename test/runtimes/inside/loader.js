/** Keeps the modules of a worker under a path (POST); starts an isolate of its own of them for every GET, and hands on what it answers. */
const kept = new Map();
let started = 0;

export default {
  async fetch(request, { loader }) {
    const { pathname } = new URL(request.url);
    if (request.method === "POST") {
      const { main, wasm } = await request.json();
      const modules = { "main.js": { js: main } };
      for (const [name, bytes] of Object.entries(wasm)) modules[name] = { wasm: Uint8Array.from(bytes).buffer };
      kept.set(pathname, modules);
      return new Response("kept");
    }
    const code = { compatibilityDate: "2026-06-01", mainModule: "main.js", modules: kept.get(pathname) };
    return loader
      .get(`${started++}`, () => code)
      .getEntrypoint()
      .fetch(request);
  },
};
