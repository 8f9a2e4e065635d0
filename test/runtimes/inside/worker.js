/** The program of a worker at the edge: reports to whoever asks. */
import * as layers from "nn-embedding";
import * as optim from "nn-embedding/optim";
import { report } from "./report.js";

export default {
  fetch() {
    return Response.json(report({ ...layers, ...optim }));
  },
};
