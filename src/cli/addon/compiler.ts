/** The C++ compiler: which one is used, and one run of it. */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { rangeError, show } from "../../errors.js";

/** The platforms that prebuilt addons are made for, and the compilers that can, best first. */
export const compilers: Readonly<Record<string, readonly string[]>> = {
  "linux-x64": ["x86_64-linux-gnu-g++"],
  "linux-arm64": ["aarch64-linux-gnu-g++"],
  "linuxmusl-x64": ["x86_64-linux-gnu-g++"],
  "linuxmusl-arm64": ["aarch64-linux-gnu-g++"],
};

export interface Compiler {
  /** A program, and words that come before all others: "ccache g++". */
  readonly words: readonly string[];
  /** How errors begin that speak of it. */
  readonly told: string;
}

/**
 * The compiler for a target. For the machine's own CXX names it, which is then the only one that will do.
 *
 * @throws RangeError [ERR_BACKEND_UNSUPPORTED] there is none, or CXX names what is no program.
 */
export function findCompiler(target: string): Compiler {
  const isOwn = target === `${process.platform}-${process.arch}`;
  const named = (isOwn ? (process.env.CXX ?? "") : "").split(/\s+/).filter((word) => word !== "");
  if (named.length > 0) {
    const told = `CXX is ${show(named.join(" "))}`;
    if (isProgram(named[0])) return { words: named, told };
    throw rangeError("ERR_BACKEND_UNSUPPORTED", `${told}, expected the name or the path of a C++ compiler`);
  }
  const candidates = [...(isOwn ? ["c++", "g++", "clang++"] : []), ...(compilers[target] ?? [])];
  const found = candidates.find(isProgram);
  if (found === undefined) {
    throw rangeError(
      "ERR_BACKEND_UNSUPPORTED",
      `no C++ compiler for ${target}, expected one of ${candidates.join(", ")} on the PATH`,
    );
  }
  return { words: [found], told: `the compiler is ${show(found)}` };
}

function isProgram(name: string): boolean {
  const folders = name.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => {
    const path = folder === "" ? name : join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

export interface Run {
  /** Of the compiler, and where it runs. */
  readonly parameters: readonly string[];
  readonly folder: string;
  /** What it reads, for errors, and the file it makes. */
  readonly source: string;
  readonly made: string;
  /** Stops it. */
  readonly signal: AbortSignal;
}

/**
 * Runs the compiler. When it says no, what it said goes to stderr.
 *
 * @throws RangeError [ERR_BACKEND_UNSUPPORTED] it says no, makes nothing or cannot be started.
 */
export async function runCompiler({ words, told }: Compiler, run: Run): Promise<void> {
  const { parameters, folder, source, made, signal } = run;
  const refused = (why: string, expected: string): Error =>
    rangeError("ERR_BACKEND_UNSUPPORTED", `${told}, which ${why}, expected ${expected}`);
  await new Promise<void>((resolve, reject) => {
    const stdio = ["ignore", "ignore", "pipe"] as const;
    const child = spawn(words[0], [...words.slice(1), ...parameters], { cwd: folder, stdio: [...stdio], signal });
    let said = "";
    child.stderr!.on("data", (text) => {
      said += text;
    });
    child.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (!signal.aborted) reject(refused(`does not start (${code})`, "a C++ compiler")); // stopped, it closes
    });
    child.on("close", (code, killed) => {
      if (code === 0) return resolve();
      if (!signal.aborted) console.error(said.trimEnd());
      reject(refused(`ended with ${killed ?? code} at ${source}`, "one that compiles C++20"));
    });
  });
  if (!existsSync(made)) throw refused(`made nothing of ${source}`, "a C++ compiler");
}
