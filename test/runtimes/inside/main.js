/** The program for runtimes that run one: prints a report. With "chosen" as its argument only of the implementation that was chosen. */
import * as layers from "nn-embedding";
import * as optim from "nn-embedding/optim";
import { report } from "./report.js";

const isShort = globalThis.process?.argv.includes("chosen");
console.log(JSON.stringify(report({ ...layers, ...optim }, { now: () => performance.now(), isShort })));
