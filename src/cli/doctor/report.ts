import { styleText } from "node:util";
import { backendVariable } from "../../backend/environment.js";
import { threadsVariable } from "../../backend/threads.js";
import type { Diagnosis } from "./diagnose.js";

/** The diagnosis for people. */
export function formatDiagnosis(diagnosis: Diagnosis, colors: boolean): string {
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    colors ? styleText(format, text) : text;
  const { version, runtime, cpu, threads, numThreads, addons, wasm, environment, implementations } = diagnosis;
  const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  const facts = [
    ["package", `nn-embedding ${version}`],
    ["runtime", `${runtime}, ${diagnosis.platform}`],
    ["machine", `${cpu}, ${threads} threads`],
    [
      "uses",
      numThreads === null ? "nothing yet" : `${numThreads} ${numThreads === 1 ? "thread" : "threads"} at most a call`,
    ],
    ["addon", addons.map(({ path, bytes }) => `${path}, ${kilobytes(bytes)}`).join("; ") || "none is built"],
    ["wasm", `simd ${kilobytes(wasm.simd)}, scalar ${kilobytes(wasm.scalar)}, inside the package`],
    ["forced", environment.value === null ? "none" : `${backendVariable}=${environment.value}`],
  ];

  const width = Math.max(...implementations.map(({ implementation }) => implementation.length));
  const findings = implementations.flatMap((finding) => {
    const name = `${finding.chosen ? "*" : " "} ${finding.implementation.padEnd(width)}`;
    if (finding.wrong !== null) return [style("red", `${name}  WRONG BITS  ${finding.wrong}`)];
    const { checked } = finding;
    if (checked !== undefined) {
      const told = `works: its ${checked.kernels} kernels give the same bits as the specification in ${checked.calls} calls`;
      return [style(finding.chosen ? "green" : "reset", `${name}  ${told}`)];
    }
    const indent = " ".repeat(width + 4);
    return [style("dim", `${name}  does not work: ${finding.why}`), style("dim", `${indent}remedy: ${finding.remedy}`)];
  });

  const chosen = implementations.find((finding) => finding.chosen)?.implementation;
  const verdicts = implementations
    .filter(({ wrong }) => wrong !== null)
    .map(
      ({ implementation }) =>
        `${implementation} gives wrong bits: please report it, and set ${backendVariable} to another one.`,
    );
  if (environment.problem !== null) {
    const isOfThreads = environment.problem.startsWith(threadsVariable);
    const remedy = isOfThreads ? `${threadsVariable} or set it to one` : `${backendVariable} or name one that works`;
    verdicts.push(`${environment.problem}. Unset ${remedy}: until then no layer can be made.`);
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
