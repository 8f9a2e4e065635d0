/** The program of a page that a bundler made. */
import * as layers from "nn-embedding";
import * as optim from "nn-embedding/optim";
import { report } from "./report.js";

globalThis.told = report({ ...layers, ...optim }, { now: () => performance.now() });
