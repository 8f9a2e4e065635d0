/** What a list of samples comes to. */
export interface Summary {
  readonly median: number;
  /** One sample in ten is below. */
  readonly p10: number;
  /** One sample in ten is above. */
  readonly p90: number;
  readonly samples: number;
}

/** The value below which that part of the samples lies, in [0, 1]; between two samples a straight line. */
export function quantile(samples: readonly number[], part: number): number {
  const ascending = samples.toSorted((a, b) => a - b);
  const at = part * (ascending.length - 1);
  const below = Math.floor(at);
  const above = Math.ceil(at);
  return ascending[below] + (at - below) * (ascending[above] - ascending[below]);
}

export function summarize(samples: readonly number[]): Summary {
  return {
    median: quantile(samples, 0.5),
    p10: quantile(samples, 0.1),
    p90: quantile(samples, 0.9),
    samples: samples.length,
  };
}

/** Half the way from p10 to p90, as a part of the median: the 4 % of "5 ms, give or take 4 %". */
export function spread({ median, p10, p90 }: Summary): number {
  return (p90 - p10) / 2 / median;
}
