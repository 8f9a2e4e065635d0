import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import type { CAC } from "cac";
import { type Backend, noPadding } from "../backend/backend.js";
import { specification } from "../backend/js/js.js";
import { backends, implementationName, selectBackend } from "../backend/select.js";
import { scalar, simd } from "../backend/wasm/modules.js";
import { Generator } from "../random/generator.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const environmentVariable = "NN_EMBEDDING_BACKEND";

/** What is known of one implementation. */
export interface Finding {
  readonly implementation: string;
  readonly works: boolean;
  /** Whether a layer uses it unless told otherwise. */
  readonly chosen: boolean;
  /** What is wrong with its bits; null when nothing is, or when it does not work. */
  readonly wrong: string | null;
  /** Why it does not work. */
  readonly why?: string;
  /** What to do about that. */
  readonly remedy?: string;
}

/** All that `nn-embedding doctor` tells. */
export interface Diagnosis {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly threads: number;
  /** The addons that are there, relative to the package. */
  readonly addons: readonly { readonly path: string; readonly bytes: number }[];
  /** Bytes of the WebAssembly modules inside the package. */
  readonly wasm: { readonly simd: number; readonly scalar: number };
  /** What NN_EMBEDDING_BACKEND says, or null, and why that cannot be had, or null. */
  readonly environment: { readonly value: string | null; readonly problem: string | null };
  readonly implementations: readonly Finding[];
  readonly healthy: boolean;
}

/** `nn-embedding doctor`: what works here, what does not and what to do about it. Exit code 1 when something gives wrong bits. */
export function addDoctor(cli: CAC): void {
  cli
    .command("doctor", "Tell which backends work here, why the others do not, and whether all give the same bits")
    .option("--json", "The same for programs")
    .action((options: { readonly json?: boolean }) => {
      const diagnosis = diagnose();
      const colors = process.stdout.isTTY === true && !process.env.NO_COLOR;
      console.log(options.json ? JSON.stringify(diagnosis, null, 2) : formatDiagnosis(diagnosis, colors));
      if (!diagnosis.healthy) process.exitCode = 1;
    });
}

export function diagnose(): Diagnosis {
  const environment = readEnvironment();
  const implementations = findImplementations(environment);
  return {
    version: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version,
    node: process.versions.node,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() || "unknown CPU",
    threads: cpus().length,
    addons: findAddons(),
    wasm: { simd: Buffer.from(simd, "base64").length, scalar: Buffer.from(scalar, "base64").length },
    environment,
    implementations,
    healthy: environment.problem === null && implementations.every(({ wrong }) => wrong === null),
  };
}

/** Small work with odd sizes, table in the backend's memory, compared with the specification bit by bit: what is wrong, or null. */
export function selfCheck(backend: Backend): string | null {
  try {
    checkRows(backend);
    checkProducts(backend);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkRows({ kernels, ...backend }: Backend): void {
  const [rows, dim, batch, paddingIdx] = [37, 19, 53, 5];
  const generator = new Generator(1);
  const values = drawFloats(rows * dim, generator);
  const gradOut = drawFloats(batch * dim, generator);
  const ids = generator.fillUint32(new Uint32Array(batch)).map((word) => word % rows);
  const block = backend.allocate(values.byteLength);
  try {
    const table = block.f32(0, values.length);
    table.set(values);
    const out = new Float32Array(batch * dim).fill(Number.NaN);
    const expected = new Float32Array(batch * dim);
    kernels.gather(table, rows, dim, ids, batch, out);
    specification.gather(values, rows, dim, ids, batch, expected);
    sameBits("gather", out, expected);

    for (const padding of [noPadding, paddingIdx]) {
      kernels.scatterAdd(table, rows, dim, ids, batch, padding, gradOut);
      specification.scatterAdd(values, rows, dim, ids, batch, padding, gradOut);
      sameBits("scatterAdd", table, values);
    }

    const bad = 29; // a refused call tells where, and changes nothing
    ids[bad] = rows;
    const told = [
      kernels.gather(table, rows, dim, ids, batch, out),
      kernels.scatterAdd(table, rows, dim, ids, batch, noPadding, gradOut),
    ];
    if (told.some((done) => done !== bad))
      throw new Error(`a bad index is told at ${told.join(" and ")}, expected ${bad}`);
    sameBits("gather, refused", out, expected);
    sameBits("scatterAdd, refused", table, values);
  } finally {
    block.dispose();
  }
}

function checkProducts({ kernels }: Backend): void {
  const generator = new Generator(2);
  // k above 256 has two blocks; one row, a few and many take different ways through the kernels.
  for (const [m, n, k] of [
    [1, 33, 300],
    [5, 21, 13],
    [27, 35, 271],
  ]) {
    const a = drawFloats(m * k, generator);
    const b = drawFloats(k * n, generator);
    for (const name of ["matmulNN", "matmulNT", "matmulTN"] as const) {
      const out = new Float32Array(m * n).fill(Number.NaN);
      const expected = new Float32Array(m * n);
      for (const accumulate of [false, true]) {
        kernels[name](a, b, m, n, k, accumulate, out);
        specification[name](a, b, m, n, k, accumulate, expected);
        sameBits(name, out, expected);
      }
    }
  }
}

/** Throws unless all bits are the same. The values here are never NaN. */
function sameBits(kernel: string, actual: Float32Array, expected: Float32Array): void {
  const bits = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
  const right = new Uint32Array(expected.buffer, expected.byteOffset, expected.length);
  const at = right.findIndex((word, i) => bits[i] !== word);
  if (at >= 0) throw new Error(`${kernel}: value ${at} is ${actual[at]}, expected ${expected[at]} (bit for bit)`);
}

/** Floats in [-0.5, 0.5): their sums round at every step. */
function drawFloats(count: number, generator: Generator): Float32Array {
  return generator.fillFloat32(new Float32Array(count)).map((value) => value - 0.5);
}

function findImplementations(environment: Diagnosis["environment"]): Finding[] {
  const saved = process.env[environmentVariable];
  if (environment.problem !== null) delete process.env[environmentVariable]; // else nothing could be listed
  try {
    return backends().map((info): Finding => {
      const implementation = implementationName(info);
      if (info.supported) {
        const wrong = selfCheck(selectBackend(implementation));
        return { implementation, works: true, chosen: info.chosen && environment.problem === null, wrong };
      }
      const why = info.why ?? "";
      return { implementation, works: false, chosen: false, wrong: null, why, remedy: remedyFor(info.name, why) };
    });
  } finally {
    if (saved !== undefined) process.env[environmentVariable] = saved;
  }
}

function readEnvironment(): Diagnosis["environment"] {
  const value = process.env[environmentVariable] || null;
  try {
    selectBackend();
    return { value, problem: null };
  } catch (error) {
    return { value, problem: (error as Error).message };
  }
}

/** What to do about an implementation that does not work. */
export function remedyFor(name: string, why: string, checkout = existsSync(join(root, "binding.gyp"))): string {
  if (name === "wasm") return "use a newer version of Node, started without --jitless";
  if (why.includes("this CPU")) return "none is needed: the others give the same bits";
  if (/addons is disabled|ERR_DLOPEN_DISABLED/.test(why)) {
    return "start node without --no-addons, and beside --permission with --allow-addons";
  }
  if (!checkout) return "install the package anew; until then WebAssembly gives the same bits";
  const missing = ["python3", "make", "g++"].filter((tool) => !isOnPath(tool));
  const last = missing.pop();
  const list = missing.length > 0 ? `${missing.join(", ")} and ${last}` : last;
  const tools = last === undefined ? "" : `install ${list}, then `;
  const stale = findAddons().length > 0 ? "remove build/ and " : ""; // it is there, and still does not load
  return `${tools}${stale}npm run build; should that fail, build/log.txt says why`;
}

function findAddons(): { path: string; bytes: number }[] {
  const folders = ["build/Release", `prebuilds/${platform()}-${arch()}`];
  return folders.flatMap((folder) => {
    if (!existsSync(join(root, folder))) return [];
    return readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".node"))
      .map((file) => ({ path: `${folder}/${file}`, bytes: statSync(join(root, folder, file)).size }));
  });
}

function isOnPath(tool: string): boolean {
  const names = platform() === "win32" ? [`${tool}.exe`, `${tool}.cmd`] : [tool];
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some((folder) => names.some((name) => existsSync(join(folder, name))));
}

/** The diagnosis for people. */
export function formatDiagnosis(diagnosis: Diagnosis, colors: boolean): string {
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    colors ? styleText(format, text) : text;
  const { version, node, cpu, threads, addons, wasm, environment, implementations } = diagnosis;
  const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  const facts = [
    ["package", `nn-embedding ${version}`],
    ["runtime", `Node ${node}, ${diagnosis.platform}`],
    ["machine", `${cpu}, ${threads} threads`],
    ["addon", addons.map(({ path, bytes }) => `${path}, ${kilobytes(bytes)}`).join("; ") || "none is built"],
    ["wasm", `simd ${kilobytes(wasm.simd)}, scalar ${kilobytes(wasm.scalar)}, inside the package`],
    ["wish", environment.value === null ? "none" : `${environmentVariable}=${environment.value}`],
  ];

  const width = Math.max(...implementations.map(({ implementation }) => implementation.length));
  const findings = implementations.flatMap((finding) => {
    const name = `${finding.chosen ? "*" : " "} ${finding.implementation.padEnd(width)}`;
    if (finding.wrong !== null) return [style("red", `${name}  WRONG BITS  ${finding.wrong}`)];
    if (finding.works) return [style(finding.chosen ? "green" : "reset", `${name}  works, and gives the same bits`)];
    const indent = " ".repeat(width + 4);
    return [style("dim", `${name}  does not work: ${finding.why}`), style("dim", `${indent}remedy: ${finding.remedy}`)];
  });

  const chosen = implementations.find((finding) => finding.chosen)?.implementation;
  const verdicts = implementations
    .filter(({ wrong }) => wrong !== null)
    .map(
      ({ implementation }) =>
        `${implementation} gives wrong bits: please report it, and set ${environmentVariable} to another one.`,
    );
  if (environment.problem !== null) {
    verdicts.push(
      `${environment.problem}. Unset ${environmentVariable} or name one that works: until then no layer can be made.`,
    );
  }
  return [
    ...facts.map(([name, value]) => `${style("bold", name.padEnd(8))} ${value}`),
    "",
    ...findings,
    "",
    ...(diagnosis.healthy
      ? [`All is well. * is what layers use here: ${chosen}.`]
      : verdicts.map((line) => style("red", line))),
  ].join("\n");
}
