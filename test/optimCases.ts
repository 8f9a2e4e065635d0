import { dot } from "../src/backend/js/dot.js";
import { Adagrad } from "../src/optim/adagrad.js";
import { Adam } from "../src/optim/adam.js";
import { AdamW } from "../src/optim/adamW.js";
import type { Optimizer } from "../src/optim/optimizer.js";
import type { ParameterGroup } from "../src/optim/options.js";
import { RowwiseAdagrad } from "../src/optim/rowwiseAdagrad.js";
import { SGD } from "../src/optim/sgd.js";
import { SparseAdam } from "../src/optim/sparseAdam.js";
import type { Parameter } from "../src/parameter.js";

const f = Math.fround;

/** A row: its weights, its gradient, and what is remembered of it, which the law changes as it changes the weights. */
export interface Row {
  readonly w: Float32Array;
  readonly g: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly step: number;
}

/** An optimizer with every option off its default, and its step as the documentation states it, row by row. */
export interface Case {
  readonly name: string;
  make(parameters: Iterable<Parameter> | Iterable<ParameterGroup<{ lr?: number }>>): Optimizer;
  law(row: Row): void;
  /** What the two arrays of a row start with. */
  readonly remembered: readonly [number, number];
  /** Whether rows without a gradient stay also when it is dense. */
  readonly isLazy: boolean;
}

/** Sets w[j] to what `move` gives of each element. */
function each({ w, g, first, second }: Row, move: (w: number, g: number, j: number) => number): void {
  if (first.length !== w.length || second.length !== w.length) throw new Error("one of each an element");
  for (let j = 0; j < w.length; j++) w[j] = move(w[j], g[j], j);
}

const betas = [0.8, 0.95] as const;

function adamLaw(row: Row, lr: number, eps: number, decay: number, keep: number): void {
  const { first: m, second: v, step } = row;
  const size = f(lr / (1 - betas[0] ** step));
  const root = f(Math.sqrt(1 - betas[1] ** step));
  each(row, (old, grad, j) => {
    const w = f(f(keep) * old);
    const g = decay === 0 ? grad : f(grad + f(f(decay) * w));
    m[j] = f(f(betas[0]) * m[j]) + f(f(1 - betas[0]) * g);
    v[j] = f(f(betas[1]) * v[j]) + f(f(f(1 - betas[1]) * g) * g);
    return f(w - f(f(size * m[j]) / f(f(f(Math.sqrt(v[j])) / root) + f(eps))));
  });
}

export const cases: readonly Case[] = [
  {
    name: "SGD",
    make: (parameters) => new SGD(parameters, { lr: 0.1 }),
    law: (row) => each(row, (w, g) => f(w - f(f(0.1) * g))),
    remembered: [0, 0],
    isLazy: true,
  },
  {
    name: "SGD with momentum",
    make: (parameters) => new SGD(parameters, { lr: 0.1, momentum: 0.9, dampening: 0.25, weightDecay: 0.01 }),
    law: (row) =>
      each(row, (w, grad, j) => {
        const g = f(grad + f(f(0.01) * w));
        row.first[j] = f(f(0.9) * row.first[j]) + f((row.step === 1 ? 1 : 0.75) * g);
        return f(w - f(f(0.1) * row.first[j]));
      }),
    remembered: [0, 0],
    isLazy: false,
  },
  {
    name: "SGD, Nesterov's",
    make: (parameters) => new SGD(parameters, { lr: 0.1, momentum: 0.9, nesterov: true }),
    law: (row) =>
      each(row, (w, g, j) => {
        row.first[j] = f(f(0.9) * row.first[j]) + g;
        return f(w - f(f(0.1) * f(g + f(f(0.9) * row.first[j]))));
      }),
    remembered: [0, 0],
    isLazy: false,
  },
  {
    name: "Adagrad",
    make: (parameters) => new Adagrad(parameters, { lr: 0.1, lrDecay: 0.5, initialAccumulatorValue: 0.25, eps: 1e-6 }),
    law: (row) => {
      const lr = f(0.1 / (1 + (row.step - 1) * 0.5));
      each(row, (w, g, j) => {
        row.first[j] += f(g * g);
        return f(w - f(f(lr * g) / f(f(Math.sqrt(row.first[j])) + f(1e-6))));
      });
    },
    remembered: [0.25, 0],
    isLazy: true,
  },
  {
    name: "Adagrad with decay",
    make: (parameters) => new Adagrad(parameters, { lr: 0.1, weightDecay: 0.01 }),
    law: (row) =>
      each(row, (w, grad, j) => {
        const g = f(grad + f(f(0.01) * w));
        row.first[j] += f(g * g);
        return f(w - f(f(f(0.1) * g) / f(f(Math.sqrt(row.first[j])) + f(1e-10))));
      }),
    remembered: [0, 0],
    isLazy: false,
  },
  ...(["L2", "decoupled"] as const).map(
    (weightDecayMode): Case => ({
      name: `RowwiseAdagrad, ${weightDecayMode}`,
      make: (parameters) =>
        new RowwiseAdagrad(parameters, { lr: 0.1, initialAccumulatorValue: 0.25, weightDecay: 0.01, weightDecayMode }),
      law: (row) => {
        const { w, g, first, step: _ } = row;
        const isL2 = weightDecayMode === "L2";
        const decayed = isL2 ? g.map((x, j) => f(x + f(f(0.01) * w[j]))) : g;
        first[0] += f(dot(decayed, 0, decayed, 0, g.length) / g.length);
        const rate = f(f(0.1) / f(f(Math.sqrt(first[0])) + f(1e-8)));
        const keep = f(1 - f((isL2 ? rate : f(0.1)) * f(0.01)));
        each(row, (x, grad) => f(f(keep * x) - f(rate * grad)));
      },
      remembered: [0.25, 0],
      isLazy: false,
    }),
  ),
  {
    name: "Adam",
    make: (parameters) => new Adam(parameters, { lr: 0.1, betas, eps: 1e-6, weightDecay: 0.01 }),
    law: (row) => adamLaw(row, 0.1, 1e-6, 0.01, 1),
    remembered: [0, 0],
    isLazy: false,
  },
  {
    name: "AdamW",
    make: (parameters) => new AdamW(parameters, { lr: 0.1, betas, eps: 1e-6, weightDecay: 0.2 }),
    law: (row) => adamLaw(row, 0.1, 1e-6, 0, 1 - 0.1 * 0.2),
    remembered: [0, 0],
    isLazy: false,
  },
  {
    name: "SparseAdam",
    make: (parameters) => new SparseAdam(parameters, { lr: 0.1, betas, eps: 1e-6 }),
    law: (row) => {
      const { first: m, second: v, step } = row;
      const size = f((0.1 * Math.sqrt(1 - betas[1] ** step)) / (1 - betas[0] ** step));
      each(row, (w, g, j) => {
        m[j] += f(f(g - m[j]) * f(1 - betas[0]));
        v[j] += f(f(f(g * g) - v[j]) * f(1 - betas[1]));
        return f(w - f(size * f(m[j] / f(f(Math.sqrt(v[j])) + f(1e-6)))));
      });
    },
    remembered: [0, 0],
    isLazy: false,
  },
];
