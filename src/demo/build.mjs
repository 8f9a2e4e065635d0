/**
 * Builds the page into dist/demo: the table by our own word2vec, the scripts and styles by esbuild from the public API, and index.html with
 * the code that the sections show, cut out of the code that runs. dist/ must be there (src/build.mjs makes it).
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = fileURLToPath(new URL(".", import.meta.url));

/** Where the page goes unless told otherwise. */
export const defaultOut = join(root, "dist/demo");

/** The same seed gives the same table, byte for byte, on every backend. */
const settings = { dim: 32, epochs: 30, window: 8, negatives: 5, "min-count": 4, subsample: 3e-4, lr: 0.05 };

/** Makes the page in a folder: the table where it is missing, all else always. */
export async function buildDemo(out = defaultOut) {
  mkdirSync(out, { recursive: true });
  trainTable(join(out, "words.safetensors"));
  await build({
    absWorkingDir: root,
    entryPoints: ["page.ts", "theme.ts", "style.css"].map((name) => join(source, name)),
    outdir: out,
    bundle: true,
    format: "esm",
    target: "es2022", // for scripts; light-dark() and the like are left as they are
    minify: true,
    logLevel: "warning",
    tsconfigRaw: {},
  });
  cpSync(join(source, "icon.svg"), join(out, "icon.svg"));
  const page = readFileSync(join(source, "index.html"), "utf8");
  writeFileSync(
    join(out, "index.html"),
    page.replaceAll(/<!-- code (\S+) -->/g, (_, name) => codeBlock(name)),
  );
}

function trainTable(path) {
  if (existsSync(path)) return;
  console.log("training the table of words");
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const command = ["dist/cli/main.js", "train", "--model", "skipgram", ...options, "--out", path];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`training the table of words failed:\n${stderr}`);
}

/** The lines of a source between "> shown" and "< shown", as HTML. */
function codeBlock(name) {
  const text = readFileSync(join(source, name), "utf8");
  const pieces = [...text.matchAll(/^ *\/\/ > shown\n([\s\S]*?)^ *\/\/ < shown$/gm)].map(([, lines]) => dedent(lines));
  if (pieces.length === 0) throw new Error(`${name} has nothing between "> shown" and "< shown"`);
  const label = `The code of this section, from src/demo/${name}`;
  const imports = [...text.matchAll(/^import \{ (.*) \} from ("nn-embedding.*");$/gm)].map(([, names, from]) => {
    const used = names.split(", ").filter((each) => pieces.some((piece) => new RegExp(`\\b${each}\\b`).test(piece)));
    return used.length === 0 ? "" : `import { ${used.join(", ")} } from ${from};\n`;
  });
  const code = [...imports, ...pieces].join("").trimEnd().split("\n").map(colored).join("\n");
  return `<pre class="code" tabindex="0" role="region" aria-label="${label}"><code>${code}</code></pre>`;
}

function dedent(lines) {
  const depth = Math.min(
    ...lines
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => line.search(/\S/)),
  );
  return lines.replaceAll(new RegExp(`^ {${depth}}`, "gm"), "");
}

const words = "const|let|function|return|new|for|as|of|if|await|import|from|export";
const parts = new RegExp(`(//.*)|("(?:[^"\\\\]|\\\\.)*")|\\b(${words})\\b|\\b(\\d[\\d_.]*)\\b`, "g");

/** A line of code with its comments, strings, keywords and numbers marked. */
function colored(line) {
  let html = "";
  let at = 0;
  for (const match of line.matchAll(parts)) {
    const kind = ["comment", "string", "keyword", "number"][match.slice(1).findIndex((part) => part !== undefined)];
    html += `${escaped(line.slice(at, match.index))}<span class="${kind}">${escaped(match[0])}</span>`;
    at = match.index + match[0].length;
  }
  return html + escaped(line.slice(at));
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
