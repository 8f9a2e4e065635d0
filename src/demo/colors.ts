/** The diverging scale of style.css, from --scale-0 (most negative) to --scale-6: blue and orange, which every kind of sight tells apart. */
const stops = 7;

type Color = readonly [red: number, green: number, blue: number];

let scale: readonly Color[] | undefined;

/** Forgets the colors: the theme has changed. */
export function forgetColors(): void {
  scale = undefined;
}

/** The color of a value between -1 and 1; what lies beyond has the color of the end. */
export function colorOf(value: number): string {
  scale ??= Array.from({ length: stops }, (_, i) => resolve(`--scale-${i}`));
  const at = ((Math.max(-1, Math.min(1, value)) + 1) / 2) * (stops - 1);
  const below = Math.min(stops - 2, Math.floor(at));
  const [from, to, share] = [scale[below], scale[below + 1], at - below];
  const [red, green, blue] = from.map((channel, i) => Math.round(channel + (to[i] - channel) * share));
  return `rgb(${red} ${green} ${blue})`;
}

/** A color of style.css, as the theme has it. */
export function themeColor(property: string): string {
  return `rgb(${resolve(property).join(" ")})`;
}

/** What light-dark() comes to is known only to an element that has the color. */
function resolve(property: string): Color {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const [red, green, blue] = getComputedStyle(probe)
    .color.match(/[\d.]+/g)!
    .map(Number);
  probe.remove();
  return [red, green, blue];
}
