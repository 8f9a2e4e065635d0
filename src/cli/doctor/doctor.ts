import process from "node:process";
import type { CAC } from "cac";
import { diagnose } from "./diagnose.js";
import { formatDiagnosis } from "./report.js";

/** `nn-embedding doctor`: what works here, what does not and what to do about it. Exit code 1 when something gives wrong bits. */
export function addDoctor(cli: CAC): void {
  cli
    .command("doctor", "Tell which backends work here, why the others do not, and whether all give the same bits")
    .option("--json", "Print JSON")
    .action((options: { readonly json?: boolean }) => {
      const diagnosis = diagnose();
      const colors = process.stdout.isTTY === true && !process.env.NO_COLOR;
      console.log(options.json ? JSON.stringify(diagnosis, null, 2) : formatDiagnosis(diagnosis, colors));
      if (!diagnosis.healthy) process.exitCode = 1;
    });
}
