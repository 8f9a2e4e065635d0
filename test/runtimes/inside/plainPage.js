/** The program of a page without a bundler: one file of the package, as it is. */
import * as nn from "./node_modules/nn-embedding/dist/web.js";
import { report } from "./report.js";

globalThis.told = report(nn, { now: () => performance.now() });
