/** What an attribute may be: left out when it is undefined or false. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with its attributes and children; texts become text nodes, so nothing is ever parsed as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** A button that does something. */
export function button(label: string, action: () => void, className = "button"): HTMLButtonElement {
  const made = element("button", { type: "button", class: className }, label);
  made.addEventListener("click", action);
  return made;
}

/** A choice of one among a few, as radio buttons with the keys and the names that go with them. */
export function choice(legend: string, options: readonly string[], chosen: (option: string) => void): HTMLElement {
  const group = element("fieldset", { class: "choice" }, element("legend", {}, legend));
  const name = `choice-${legend.toLowerCase().replaceAll(/\W+/g, "-")}`;
  for (const [i, option] of options.entries()) {
    const radio = element("input", { type: "radio", name, value: option, checked: i === 0 });
    radio.addEventListener("change", () => chosen(option));
    group.append(element("label", {}, radio, element("span", {}, option)));
  }
  return group;
}

/** The element of the page with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no element with the id ${id}`);
  return found as E;
}

/** A float as it is read: with its sign, three decimals, and a minus that is as wide as a plus. */
export function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

/** 1437 as "1,437", whatever the language of the browser. */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

/** "1 row", "2 rows". */
export function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}
