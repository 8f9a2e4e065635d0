import { arch, cpus, loadavg, platform } from "node:os";
import process from "node:process";

/** The machine in one line: figures mean nothing without it. */
export function describeMachine(): string {
  const [cpu] = cpus();
  return `${cpu?.model.trim() || "unknown CPU"}, ${cpus().length} threads, ${platform()} ${arch()}, Node ${process.versions.node}`;
}

/** How many of them a run takes. */
export function describeThreads(threads: number): string {
  return threads === 1
    ? "everyone on one"
    : `native code, peers and limits on ${threads}, WebAssembly and JavaScript of ours on one`;
}

/** A warning when others want the processor too, or undefined. (Windows knows no load: it is 0 there.) */
export function describeLoad(): string | undefined {
  const [load] = loadavg();
  if (load < cpus().length / 2) return undefined;
  return `Others are at work on this machine (load ${load.toFixed(1)}): expect wide spreads, or wait.`;
}

/** How many threads the machine runs at once. */
export function countThreads(): number {
  return cpus().length;
}
