import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { root } from "../house/sources.js";

const { CHROMIUM } = process.env; // names another one, which is then the only one that will do
const executables =
  CHROMIUM === undefined ? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"] : [CHROMIUM];

/** Whether there is a real browser to test in. In CI it must be there; elsewhere its absence is said aloud. */
export function hasBrowser(): boolean {
  const missing = missingForBrowser();
  if (missing === null) return true;
  if (process.env.CI) throw new Error(`the page cannot be tested: missing ${missing}`);
  console.warn(`test/demo is SKIPPED, the page is not tested: missing ${missing}`);
  return false;
}

function missingForBrowser(): string | null {
  const missing: string[] = [];
  if (!executables.some((path) => existsSync(path))) missing.push("Chromium (apt-get install chromium)");
  for (const name of ["playwright-core", "axe-core", "esbuild"]) {
    try {
      createRequire(import.meta.url).resolve(name);
    } catch {
      missing.push(`${name} (npm install)`);
    }
  }
  return missing.length === 0 ? null : missing.join(", ");
}

export async function launch(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  const quiet = ["background-networking", "component-update", "sync", "quic", "gpu"].map((each) => `--disable-${each}`);
  const executablePath = executables.find((path) => existsSync(path))!;
  return await chromium.launch({
    executablePath,
    timeout: patience.timeout,
    args: ["--no-sandbox", "--no-first-run", ...quiet],
  });
}

/** A machine that does other things at the same time may take long; nothing here is about time. */
export const patience = { timeout: 240_000 };

/** The script behind `npm run demo`. */
export const script = `${root}src/demo/serve.mjs`;

/** The page, built into a folder of its own: test files run at the same time. */
export function buildPage(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "nn-embedding-demo-"));
  execFileSync(process.execPath, [script, "--build-only", "--out", folder], { cwd: root });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Site {
  readonly url: string;
  close(): void;
}

/** Some static file server: the page in a subfolder, with headers as a host may send them. */
export async function host(files: string, headers: Record<string, string> = {}): Promise<Site> {
  const folder = "/somewhere/below/";
  const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
  const server = createServer((request, response) => {
    const name = request.url!.slice(folder.length) || "index.html";
    const path = join(files, name);
    if (!request.url!.startsWith(folder) || !existsSync(path)) return response.writeHead(404).end();
    const type = types[extname(name)] ?? (name.endsWith(".svg") ? "image/svg+xml" : "application/octet-stream");
    return response.writeHead(200, { "content-type": type, ...headers }).end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${folder}`,
    close: () => void server.close(),
  };
}

/** A page that is ready, and all that it should not have done. */
export interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, failed requests. */
  readonly complaints: string[];
  /** What it asked for outside its own folder. */
  readonly strayRequests: string[];
}

export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.setDefaultTimeout(patience.timeout);
  const [complaints, strayRequests]: string[][] = [[], []];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => void complaints.push(error.message));
  page.on("requestfailed", (request) => void complaints.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) strayRequests.push(request.url());
  });
  await page.goto(url);
  await page.waitForSelector("html[data-ready]");
  return { page, complaints, strayRequests };
}

/** The numbers of a heat map, as its table says them: row names and values. */
export async function numbersOf(page: Page, name: string): Promise<{ names: string[]; rows: number[][] }> {
  const summary = page.locator(`summary[aria-label="${name} as numbers"]`);
  const details = summary.locator("..");
  if ((await details.getAttribute("open")) === null) {
    await summary.click();
    await details.locator("table").waitFor();
  }
  const lines = await details.locator("tbody tr").all();
  const cells = await Promise.all(lines.map((line) => line.locator("th, td").allTextContents()));
  return {
    names: cells.map(([first]) => first),
    rows: cells.map(([, ...values]) => values.map((value) => Number(value.replace("−", "-")))),
  };
}
