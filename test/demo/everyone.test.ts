import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../house/sources.js";
import { buildPage, hasBrowser, host, launch, patience, type Site, script, visit } from "./browser.js";

describe.skipIf(!hasBrowser())("the browser page, for everyone and everywhere", patience, () => {
  let built: ReturnType<typeof buildPage>;
  let browser: Browser;
  let site: Site;

  beforeAll(async () => {
    built = buildPage();
    [browser, site] = await Promise.all([launch(), host(built.folder)]);
  }, patience.timeout);

  afterAll(async () => {
    await browser?.close();
    site?.close();
    built?.remove();
  });

  test("every control is reached by the Tab key and shows that it has the focus", async () => {
    const { page } = await visit(browser, site.url);
    const controls = `[...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")].filter((each) =>
      each.checkVisibility() && !each.disabled && (each.type !== "radio" || each.checked))`;
    const expected = (await page.evaluate(`${controls}.length`)) as number;
    await page.evaluate(`{ document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0);
      for (const [i, each] of ${controls}.entries()) each.dataset.stop = i; }`);
    await page.locator(".skip").focus();
    const reached: unknown[] = [];
    for (let i = 0; i < expected; i++) {
      reached.push(await page.evaluate("Number(document.activeElement.dataset.stop)"));
      const outline = `(({ activeElement: at }) => [at, at.nextElementSibling].some((each) => each &&
        getComputedStyle(each).outlineStyle !== "none" && parseFloat(getComputedStyle(each).outlineWidth) >= 1))(document)`;
      expect(await page.evaluate(outline), `stop ${i} has an outline`).toBe(true);
      await page.keyboard.press("Tab");
    }
    expect(reached).toEqual(Array.from({ length: expected }, (_, i) => i));
    await page.close();
  });

  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 360],
  ] as const)("axe finds nothing to object to: %s, %i wide", async (colorScheme, width) => {
    const { page } = await visit(browser, site.url, { colorScheme, viewport: { width, height: 800 } });
    await page.getByRole("button", { name: "Take a step" }).click();
    await page.locator("summary").first().click();
    await page.evaluate(readFileSync(`${root}node_modules/axe-core/axe.min.js`, "utf8"));
    const found = (await page.evaluate("axe.run()")) as { violations: { id: string; nodes: { html: string }[] }[] };
    expect(found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    await page.close();
  });

  test("the theme is the system's until the switch is pressed, and then remembered", async () => {
    const { page } = await visit(browser, site.url, { colorScheme: "dark" });
    const paper = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const cell = () =>
      page.evaluate('[...document.querySelector("#rows canvas").getContext("2d").getImageData(5, 5, 1, 1).data]');
    const [dark, darkCell] = [await paper(), await cell()];
    const toggle = page.getByRole("button", { name: "Dark" });
    expect(await toggle.getAttribute("aria-pressed")).toBe("true");
    await toggle.click();
    expect(await toggle.getAttribute("aria-pressed")).toBe("false");
    const [light, lightCell] = [await paper(), await cell()];
    expect(light).not.toBe(dark);
    expect(lightCell).not.toEqual(darkCell);
    await page.reload();
    await page.waitForSelector("html[data-ready]");
    expect(await paper()).toBe(light);
    await page.close();
  });

  test.each([320, 390, 768])("nothing is wider than a screen of %i", async (width) => {
    const { page } = await visit(browser, site.url, { viewport: { width, height: 700 } });
    for (const words of ["congregation consecrations thanksgiving", `the ${"x".repeat(390)}`]) {
      await page.getByLabel("Your text").fill(words);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    }
    await page.close();
  });

  test.each([320, 640])("on a screen of %i each entry of the contents begins beside its number", async (width) => {
    const { page } = await visit(browser, site.url, { viewport: { width, height: 700 } });
    const below = `[...document.querySelectorAll(".contents li")].map((each) =>
      each.firstElementChild.getBoundingClientRect().top - each.getBoundingClientRect().top)`;
    expect(await page.evaluate(below)).toEqual(Array.from({ length: 7 }, () => 0));
    await page.close();
  });

  test("who wants no motion gets none", async () => {
    const { page, complaints } = await visit(browser, site.url, { reducedMotion: "reduce" });
    expect(await page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")).toBe("auto");
    await page.evaluate(
      "globalThis.frames = 0; const later = requestAnimationFrame; requestAnimationFrame = (f) => (frames++, later(f))",
    );
    await page.getByRole("button", { name: "Take a step" }).click();
    await expect.poll(() => page.locator("#training .verdict").textContent(), patience).toMatch(/^Loss/);
    expect(await page.evaluate("globalThis.frames")).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a content policy without wasm-unsafe-eval leaves plain JavaScript, and the page says so", async () => {
    const strict = await host(built.folder, { "content-security-policy": "script-src 'self'" });
    const { page, strayRequests } = await visit(browser, strict.url);
    expect(await page.locator("#backend").textContent()).toBe("plain JavaScript");
    expect(await page.locator("#backend-why").textContent()).toMatch(
      /wasm:simd does not work here: .*(unsafe-eval|Content Security Policy)/,
    );
    expect(await page.locator("#one-hot .verdict").textContent()).toContain("1,024 bits compared");
    await page.getByRole("button", { name: "Run the benchmark" }).click();
    await expect.poll(() => page.locator("#bench [role=status]").textContent(), patience).toMatch(/^Done/);
    expect(await page.locator("#bench tbody tr").count()).toBe(4);
    expect(await page.locator("#bench").textContent()).toContain("wasm:scalar does not work here");
    expect(strayRequests).toEqual([]);
    await page.close();
    strict.close();
  });

  test("without the table it says what is missing", async () => {
    const page = await browser.newPage();
    await page.route("**/words.safetensors", (route) => route.fulfill({ status: 404 }));
    await page.goto(site.url);
    await page.waitForSelector("#message:not([hidden])");
    expect(await page.locator("#message").textContent()).toContain("words.safetensors: 404");
    await page.close();
  });

  test("npm run demo serves the page and nothing else", async () => {
    const child = spawn(process.execPath, [script, "--port", "0", "--out", built.folder], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      let said = "";
      for await (const chunk of child.stdout) {
        said += chunk;
        if (/http\S+/.test(said)) break;
      }
      const url = /http\S+/.exec(said)![0];
      const status = async (path: string, method = "GET") => {
        const sent = request({ host: "127.0.0.1", port: new URL(url).port, path, method }).end(); // the path as it is
        const [response] = await once(sent, "response");
        response.resume();
        return `${response.statusCode} ${response.headers["content-type"]}`;
      };
      expect(await status("/")).toBe("200 text/html; charset=utf-8");
      expect(await status("/page.js?v=1")).toBe("200 text/javascript; charset=utf-8");
      expect(await status("/words.safetensors", "HEAD")).toBe("200 application/octet-stream");
      for (const path of [
        "/../cli/main.js",
        "/..%2fcli/main.js",
        "/%2e%2e/cli/main.js",
        "/nothing",
        "/%",
        "/a%00",
        "//",
      ]) {
        expect(await status(path), path).toMatch(/^404/);
      }
      expect(await status("/", "POST")).toMatch(/^405/);
    } finally {
      child.kill();
    }
  });

  test.each(["x", "-1", "70000", ""])("npm run demo refuses --port %j", (port) => {
    const run = () => execFileSync(process.execPath, [script, `--port=${port}`], { cwd: root, stdio: "pipe" });
    expect(run).toThrow(`--port is ${JSON.stringify(port)}, expected an integer in [0, 65535]`);
  });

  test("the build makes everything that the page asks for", () => {
    const page = readFileSync(`${built.folder}/index.html`, "utf8");
    const asked = [...page.matchAll(/(?:href|src)="(?!#)([^"]+)"/g)].map(([, path]) => path);
    expect(asked.length).toBeGreaterThan(3);
    for (const path of asked) expect(/^\/|:/.test(path) || !existsSync(`${built.folder}/${path}`), path).toBe(false);
    expect(page).not.toMatch(/<!-- code/);
    expect(page).not.toMatch(/<script(?![^>]*src)|\son\w+=|style=/);
  });
});
