import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { rangeError, show } from "../../../errors.js";
import { colors, darkColors } from "./chartColors.js";

/** A chart in the words of Vega-Lite. */
export type Chart = Readonly<Record<string, unknown>>;

/** The parts of the drawing libraries that are used here: they are optional peers, and so are their types. */
interface Vega {
  parse(spec: object): object;
  View: new (runtime: object, options: { renderer: "none" }) => { toSVG(): Promise<string>; finalize(): void };
}
interface VegaLite {
  compile(chart: Chart): { readonly spec: object };
}
interface Resvg {
  Resvg: new (svg: string, options: object) => { render(): { asPng(): Uint8Array } };
}

/** What draws, by the names to install. */
export const drawingPackages = ["vega", "vega-lite", "@resvg/resvg-js"] as const;

/** Draws charts into files: SVG, or PNG of twice the size. */
export class Drawing {
  readonly #vega: Vega;
  readonly #vegaLite: VegaLite;
  readonly #resvg: Resvg | undefined;

  private constructor(vega: Vega, vegaLite: VegaLite, resvg: Resvg | undefined) {
    this.#vega = vega;
    this.#vegaLite = vegaLite;
    this.#resvg = resvg;
  }

  /**
   * Loads what a file of this name needs, beside this package or beside the caller's project.
   *
   * @throws RangeError [ERR_OUT_OF_RANGE] with what to install.
   */
  static async for(path: string): Promise<Drawing> {
    const needed = path.endsWith(".png") ? drawingPackages : drawingPackages.slice(0, 2);
    const [vega, vegaLite, resvg] = await Promise.all(needed.map(load));
    if (vega === undefined || vegaLite === undefined || (needed.length === 3 && resvg === undefined)) {
      const packages = needed.join(" ");
      throw rangeError(
        "ERR_OUT_OF_RANGE",
        `--chart is ${show(path)}, expected its libraries to be there: npm install ${packages}`,
      );
    }
    return new Drawing(vega as Vega, vegaLite as VegaLite, resvg as Resvg | undefined);
  }

  /** The chart as SVG, light, and dark where the reader's system is. */
  async toSvg(chart: Chart): Promise<string> {
    const view = new this.#vega.View(this.#vega.parse(this.#vegaLite.compile(chart).spec), { renderer: "none" });
    try {
      return withDarkColors(await view.toSVG());
    } finally {
      view.finalize();
    }
  }

  async write(path: string, chart: Chart): Promise<void> {
    const svg = await this.toSvg(chart);
    if (this.#resvg === undefined) {
      writeFileSync(path, svg);
      return;
    }
    const options = { fitTo: { mode: "zoom", value: 2 }, font: { defaultFontFamily: "DejaVu Sans" } };
    writeFileSync(path, new this.#resvg.Resvg(svg, options).render().asPng());
  }
}

/** The package from here, or else from where the caller is; undefined where it is not installed. */
async function load(name: string): Promise<unknown> {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "x.js"))]) {
    let path: string;
    try {
      path = createRequire(from).resolve(name);
    } catch {
      continue; // not here
    }
    const loaded = await import(pathToFileURL(path).href);
    return name === "@resvg/resvg-js" ? loaded.default : loaded;
  }
  return undefined;
}

/** Colors stand in an SVG as attributes, which a style sheet overrules: one that holds in the dark puts others in their place. */
export function withDarkColors(svg: string): string {
  const names = Object.keys(darkColors) as (keyof typeof darkColors)[];
  const rules = names.flatMap((name) =>
    ["fill", "stroke"].map((which) => `[${which}="${colors[name]}"]{${which}:${darkColors[name]}}`),
  );
  return svg.replace(
    /<svg[^>]*>/,
    (opening) => `${opening}<style>@media (prefers-color-scheme:dark){${rules.join("")}}</style>`,
  );
}
