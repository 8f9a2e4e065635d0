import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeSafetensors } from "../../src/checkpoint/index.js";
import { root } from "../house/sources.js";
import { buildPage, hasBrowser, host, launch, numbersOf, patience, type Site, type Visit, visit } from "./browser.js";

const text = "In the beginning God created the heaven and the earth";

function readTable(folder: string) {
  const { tensors, metadata } = decodeSafetensors(readFileSync(`${folder}/words.safetensors`));
  const { words } = JSON.parse(metadata.vocabulary) as { words: string[] };
  const { data, shape } = tensors.get("input.weight")!;
  const rowOf = (word: string) => {
    const id = Math.max(0, words.indexOf(word));
    return Array.from(data as Float32Array).slice(id * shape[1], (id + 1) * shape[1]);
  };
  return { words, shape, rowOf };
}

const rounded = (row: readonly number[]) => row.map((value) => Number(value.toFixed(3)));

describe.skipIf(!hasBrowser())("the sections of the browser page", patience, () => {
  let built: ReturnType<typeof buildPage>;
  let browser: Browser;
  let site: Site;
  let at: Visit;
  let table: ReturnType<typeof readTable>;

  beforeAll(async () => {
    built = buildPage();
    table = readTable(built.folder);
    [browser, site] = await Promise.all([launch(), host(built.folder)]);
    at = await visit(browser, site.url);
  }, patience.timeout);

  afterAll(async () => {
    await browser?.close();
    site?.close();
    built?.remove();
  });

  /** Begins anew with a text. */
  async function read(words: string): Promise<void> {
    await at.page.reload();
    await at.page.waitForSelector("html[data-ready]");
    await at.page.getByLabel("Your text").fill(words);
  }

  test("starts without a complaint and asks for nothing outside its folder", () => {
    expect(at.complaints).toEqual([]);
    expect(at.strayRequests).toEqual([]);
  });

  test("shows each section's code, which is code of the section's file", async () => {
    const found = await at.page.locator("section pre.code").all();
    const blocks = await Promise.all(found.map((each) => each.innerText()));
    const labels = await Promise.all(found.map((each) => each.getAttribute("aria-label")));
    expect(blocks.length).toBe(7);
    for (const [i, block] of blocks.entries()) {
      const lines = block.split("\n");
      expect(lines.length).toBeGreaterThanOrEqual(4);
      expect(lines.length).toBeLessThanOrEqual(10); // imports included
      const source = readFileSync(root + /src\/demo\/\w+\.ts/.exec(labels[i]!)![0], "utf8");
      for (const line of lines.filter((each) => !each.startsWith("import "))) expect(source).toContain(line.trim());
    }
    const all = blocks.join("\n");
    const [numRows, dim] = table.shape;
    expect(all).toContain(`${numRows.toLocaleString("en-US")} rows of ${dim} floats`);
    expect(all).toContain(`${(numRows * dim).toLocaleString("en-US")} multiplications`);
  });

  test("1: words have the table's numbers, unknown ones 0", async () => {
    await read("The king sipped coffee in Egypt’s land");
    const chips = await at.page.locator("#tokens .chip").allTextContents();
    const id = (word: string) => `${word}${table.words.indexOf(word)}`;
    expect(chips).toEqual([
      id("the"),
      id("king"),
      "sipped0 unknown",
      "coffee0 unknown",
      id("in"),
      "egypt’s0 unknown",
      id("land"),
    ]);
    expect(await at.page.locator("#tokens-summary").textContent()).toBe("7 words, 5 different, 3 of them unknown.");
    expect(await at.page.locator("#too-long").isVisible()).toBe(false);
    await read("and ".repeat(17));
    expect(await at.page.locator("#tokens .chip").count()).toBe(16);
    expect(await at.page.locator("#too-long").isVisible()).toBe(true);
  });

  test("2: the heat map holds the rows of the table, read by pointer and by key", async () => {
    await read(text);
    const { names, rows } = await numbersOf(at.page, "Rows of your words");
    expect(names).toEqual(text.toLowerCase().split(" "));
    expect(rows).toEqual(names.map((name) => rounded(table.rowOf(name))));
    const readout = at.page.locator("#rows output");
    const canvas = at.page.locator("#rows canvas");
    const { width } = (await canvas.boundingBox())!;
    await canvas.hover({ position: { x: (width * 7.5) / 32, y: 24 * 3 + 8 } });
    const value = (column: number) => table.rowOf("god")[column].toFixed(3).replace(/^-/, "−").replace(/^\d/, "+$&");
    expect(await readout.textContent()).toBe(`god, column 7: ${value(7)}`);
    await at.page.mouse.move(0, 0);
    await canvas.focus();
    for (const key of ["Home", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"])
      await canvas.press(key);
    expect(await readout.textContent()).toMatch(/^god, column [23]: /);
    await canvas.press("End");
    expect(await readout.textContent()).toBe(`god, column 31: ${value(31)}`);
    await canvas.press("Escape");
    expect(await readout.textContent()).toMatch(/^Point at a cell/);
  });

  test("3: token rows + position rows are the sums, for both kinds of positions", async () => {
    await read(text);
    const positions: number[][][] = [];
    for (const kind of ["sinusoidal", "learned"]) {
      await at.page.getByRole("radio", { name: kind }).check();
      const token = (await numbersOf(at.page, "Token rows")).rows;
      const position = (await numbersOf(at.page, "Position rows")).rows;
      const sum = (await numbersOf(at.page, "Sums of token rows and position rows")).rows;
      expect(sum.length).toBe(10);
      for (const [i, row] of sum.entries()) {
        for (const [j, value] of row.entries())
          expect(Math.abs(value - token[i][j] - position[i][j])).toBeLessThan(0.002);
      }
      expect(sum[1]).not.toEqual(sum[5]); // "the", twice
      expect(token[1]).toEqual(token[5]);
      positions.push(position);
    }
    expect(positions[0][0].slice(0, 4)).toEqual([0, 1, 0, 1]); // sine and cosine of 0
    expect(positions[0]).not.toEqual(positions[1]);
  });

  test("4: the product has the bits of the lookup, for whichever word is chosen", async () => {
    await read(text);
    const verdict = at.page.locator("#one-hot .verdict");
    const shown: string[] = [];
    for (const word of ["god", "heaven"]) {
      await at.page.locator("#one-hot").getByRole("radio", { name: word }).check();
      expect(await verdict.textContent()).toContain("All 32 floats are equal, bit for bit: 1,024 bits compared.");
      const [product, lookup] = await at.page.locator("#one-hot .bits code").allTextContents();
      expect(product).toBe(lookup);
      const bits = new Uint32Array(Float32Array.from(table.rowOf(word)).buffer);
      expect(lookup).toBe(Array.from(bits, (each) => each.toString(16).padStart(8, "0")).join(" "));
      shown.push(lookup);
      const { names } = await numbersOf(at.page, "The table around the row, times the one-hot row");
      expect(names.filter((name) => name.startsWith("1 times "))).toEqual([`1 times ${word}`]);
    }
    expect(shown[0]).not.toBe(shown[1]);
    // What is chosen in one place is chosen in all.
    for (const place of ["#tokens", "#neighbors"]) {
      expect(await at.page.locator(place).getByRole("radio", { name: "heaven" }).isChecked()).toBe(true);
    }
  });

  test.each(["SparseAdam", "SGD"])("5: a step of %s moves the rows that were read and no others", async (optimizer) => {
    await read(text);
    await at.page.getByRole("radio", { name: optimizer }).check();
    const status = at.page.locator("#training .verdict");
    expect(await status.textContent()).toContain(
      "The next step will move 7 rows: and, the, in, god, heaven, created, beginning.",
    );
    const perWord = (await numbersOf(at.page, "Gradient of each word, in reading order")).rows;
    const perRow = await numbersOf(at.page, "Gradient of each row: the sums");
    const the = perRow.names.indexOf("the");
    for (const [j, sum] of perRow.rows[the].entries()) {
      expect(Math.abs(sum - perWord[1][j] - perWord[5][j] - perWord[8][j])).toBeLessThan(0.0025);
    }
    await at.page.getByRole("button", { name: "Take a step" }).click();
    await expect.poll(() => status.textContent(), patience).toMatch(/^Loss/);
    const [, before, after] = /^Loss ([\d.]+) before the step, ([\d.]+) after it/.exec((await status.textContent())!)!;
    expect(Number(after)).toBeLessThan(Number(before));
    expect(await status.textContent()).toContain("7 rows moved; the other 1,430 kept every bit (compared).");
    expect(await at.page.locator(".row-dots canvas").getAttribute("aria-label")).toContain(
      "those that moved: and, the, in, god,",
    );
    const change = await numbersOf(at.page, "What the step added to each row");
    const rows = await numbersOf(at.page, "The rows after the step");
    for (const [i, name] of rows.names.entries()) {
      for (const [j, value] of rows.rows[i].entries()) {
        expect(Math.abs(value - change.rows[i][j] - table.rowOf(name)[j])).toBeLessThan(0.002);
      }
    }
    const ends = async () => (await at.page.locator(".loss-line span").textContent())!.match(/[\d.]+/g);
    expect(await ends()).toEqual([before, after]);
    const said = () => at.page.evaluate("globalThis.said") as Promise<string[]>;
    await at.page.evaluate(`globalThis.said = [];
      new MutationObserver(() => said.push(document.querySelector("#training .verdict").textContent)).observe(
        document.querySelector("#training .verdict"), { childList: true, characterData: true, subtree: true })`);
    await at.page.getByRole("button", { name: "Take 20 steps" }).click();
    const points = async () => (await at.page.locator("polyline").getAttribute("points"))!.split(" ").length;
    await expect.poll(points, patience).toBe(22); // before the first step, and after each
    await expect.poll(said, patience).toHaveLength(1);
    expect((await said())[0]).toContain(` ${(await ends())![1]} after it.`);
    expect(Number((await ends())![1])).toBeLessThan(Number(before));
    await at.page.getByRole("button", { name: "Start again" }).click();
    expect(await status.textContent()).toContain("The next step will move 7 rows");
    expect(await at.page.locator(".loss-line").isVisible()).toBe(false);
  });

  test("6: neighbors come in the order of their cosines, and lead on", async () => {
    await read(text);
    const { names, rows } = await numbersOf(at.page, "Directions of the word and its neighbors");
    const cosines = (await at.page.locator("#neighbors .cosine").allTextContents()).map(Number);
    expect(names[0]).toBe("earth"); // the last word is chosen at first
    expect(names).toEqual(expect.arrayContaining(["heaven", "waters"]));
    expect(cosines).toEqual([...cosines].sort((left, right) => right - left));
    for (const [i, row] of rows.entries()) {
      const cosine = row.reduce((sum, value, j) => sum + value * rows[0][j], 0);
      expect(Math.abs(cosine - cosines[i])).toBeLessThan(0.01);
    }
    await at.page.locator("#neighbors button.link").first().press("Enter");
    expect((await numbersOf(at.page, "Directions of the word and its neighbors")).names[0]).toBe(names[1]);
    expect(await at.page.evaluate("document.activeElement.className")).toBe("link");
    await read("coffee");
    expect(await at.page.locator("#neighbors [role=status]").textContent()).toContain("“coffee” is unknown");
  });

  test("4, 6: a text without a word shows none", async () => {
    await read(text);
    await at.page.getByLabel("Your text").fill("");
    for (const [section, map] of [
      ["#one-hot", "The product and the lookup"],
      ["#neighbors", "Directions of the word and its neighbors"],
    ]) {
      expect(await at.page.locator(`${section} [role=status]`).textContent()).toMatch(/^No word .*: type some\.$/);
      expect((await numbersOf(at.page, map)).names).toEqual([]);
      expect(await at.page.locator(section).textContent()).not.toContain("earth");
    }
    await at.page.getByLabel("Your text").fill("earth");
    expect((await numbersOf(at.page, "The product and the lookup")).names).toEqual(["product", "lookup"]);
    expect((await numbersOf(at.page, "Directions of the word and its neighbors")).names[0]).toBe("earth");
  });

  test("7: every implementation has the same bits, and then a time", async () => {
    await read(text);
    await at.page.getByRole("button", { name: "Run the benchmark" }).click();
    const status = at.page.locator("#bench [role=status]");
    await expect.poll(() => status.textContent(), patience).toMatch(/^(Done|The benchmark stopped)/);
    expect(await status.textContent()).toContain("All results have the same bits");
    const lines = await at.page.locator("#bench tbody tr").allTextContents();
    expect(lines.length).toBe(4 * 3);
    for (const line of lines) expect(line).toMatch(/^(js|wasm:scalar|wasm:simd)[\d.]+ ms[\d.]+×equal$/);
  });

  test.each(["", "   ", "!?", "unheardof", "<b>bold</b> & “so”", "a\u0301 日本 🙂"])(
    "takes %j without a complaint",
    async (words) => {
      await read(words);
      for (const button of ["Take a step", "Start again"]) {
        const found = at.page.getByRole("button", { name: button });
        if (await found.isEnabled()) await found.click();
      }
      expect(await at.page.locator("main b, main script").filter({ hasText: "bold" }).count()).toBe(0);
      expect(at.complaints).toEqual([]);
    },
  );
});
