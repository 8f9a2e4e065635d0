/** Colors of charts: readable on white. */
export const colors = {
  background: "#ffffff",
  text: "#1f2328",
  faint: "#656d76",
  grid: "#d8dee4",
  line: "#8c959f",
} as const;

/** What they become in the dark. */
export const darkColors: Readonly<Record<keyof typeof colors, string>> = {
  background: "#0d1117",
  text: "#e6edf3",
  faint: "#9198a1",
  grid: "#262c36",
  line: "#59636e",
};

/** Everyone has a color of their own, readable on white and on black: ours blue to violet, others warm, plain JavaScript grey. */
const own: readonly (readonly [RegExp, string])[] = [
  [/^native:avx512/, "#0969da"],
  [/^native:avx2/, "#54aeff"],
  [/^native/, "#80b8e8"],
  [/^wasm:simd/, "#8250df"],
  [/^wasm/, "#b392f0"],
  [/^js/, "#1a9e96"],
  [/^plain JS/, "#8c959f"],
  [/^PyTorch/, "#d1461e"],
  [/^NumPy/, "#e39b1f"],
  [/^onnxruntime-node/, "#b35d7d"],
  [/^onnxruntime-web/, "#d98aa4"],
  [/^tfjs/, "#b08a5b"],
];

/** The color of an implementation or a peer. */
export function colorOf(label: string): string {
  return own.find(([pattern]) => pattern.test(label))?.[1] ?? colors.line;
}

/** How every chart looks: the system's own letters, little ink. */
export const config = {
  background: colors.background,
  padding: 24,
  font: "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif",
  title: { color: colors.text, fontSize: 12, subtitleColor: colors.faint, subtitleFontSize: 11, anchor: "start" },
  view: { stroke: null },
  axis: {
    labelColor: colors.faint,
    titleColor: colors.faint,
    titleFontWeight: "normal",
    gridColor: colors.grid,
    domain: false,
    ticks: false,
    labelFontSize: 10,
    titleFontSize: 11,
  },
  legend: { labelColor: colors.text, titleColor: colors.faint, labelFontSize: 11, symbolType: "square" },
  text: { color: colors.text, fontSize: 9.5 },
} as const;
