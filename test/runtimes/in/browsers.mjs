import { join } from "node:path";
import { env } from "node:process";
import { findProgram, importTool, serve } from "../support.mjs";
import { bundlers, writePage } from "./bundlers.mjs";

/** How each one opens an empty page, in a fresh profile. */
export const browsers = {
  Chromium: {
    needs: ["playwright-core"],
    async open(profile) {
      const executablePath = findProgram("Chromium", env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome");
      const { chromium } = (await importTool("playwright-core")).default;
      const off = ["gpu", "quic", "background-networking", "component-update", "sync"].map(
        (name) => `--disable-${name}`,
      );
      const args = ["--no-sandbox", "--no-first-run", ...off];
      const browser = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args });
      return { browser, page: await browser.newPage() };
    },
  },
  Firefox: {
    needs: ["puppeteer-core"],
    async open(userDataDir) {
      const executablePath = findProgram("Firefox", env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox");
      const { launch } = await importTool("puppeteer-core");
      const browser = await launch({ browser: "firefox", executablePath, headless: true, userDataDir });
      return { browser, page: await browser.newPage() };
    },
  },
};

/** In each browser the one file for pages without a bundler; what bundlers make in Chromium, and in Firefox one of them. */
export const runtimes = Object.entries(browsers).flatMap(([name, browser]) =>
  ["nn-embedding/web", ...Object.keys(bundlers)]
    .filter((kind) => name === "Chromium" || ["nn-embedding/web", "Vite"].includes(kind))
    .map((kind) => ({
      name: `${name}, ${kind}`,
      needs: [...browser.needs, ...(bundlers[kind]?.needs ?? [])],
      run: (context) => visitKind(browser, kind, context),
    })),
);

async function visitKind(browser, kind, { project, folder }) {
  const at = kind in bundlers ? join(folder, "page") : project;
  if (kind in bundlers) await bundlers[kind].build(project, at);
  else writePage(project, "plainPage.js");
  return visit(browser, at, join(folder, "profile"), () => globalThis.told);
}

/** Opens index.html of a folder, served on localhost, and waits until `read`, which runs in the page, gives something. */
export async function visit({ open }, at, profile, read) {
  const server = await serve(at);
  const { browser, page } = await open(profile);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error));
  page.on("console", (message) => message.type() === "error" && errors.push(new Error(message.text())));
  try {
    await page.goto(`${server.url}/index.html`);
    const deadline = Date.now() + 120_000;
    for (;;) {
      const told = await page.evaluate(read);
      if (errors.length > 0) throw errors[0];
      if (told) return told;
      if (Date.now() > deadline) throw new Error("the page told nothing in two minutes");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await browser.close();
    server.stop();
  }
}
