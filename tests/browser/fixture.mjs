// One browser for all tests of a file, and pages that are watched: whatever goes wrong on a page fails its test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const PAGES = process.env.CROSSCHECK_PAGES;
const SCREENSHOTS = process.env.CROSSCHECK_SCREENSHOTS;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

let browser;

/** Starts the browser before the tests of a file, and ends it after them. */
export function useBrowser() {
  before(async () => {
    // Root, as in containers, has no sandbox; the pages are our own files.
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--enable-precise-memory-info"],
    });
  });
  after(() => browser?.close());
}

/** The file of a page. */
export function pageFile(name) {
  return join(PAGES, `${name}.html`);
}

/** The JSON report of the run that a page shows. */
export function reportOf(name) {
  return JSON.parse(readFileSync(join(PAGES, `${name}.json`), "utf8"));
}

/**
 * Opens a page and hands it to `look`; then nothing may have gone wrong on it: no error, no message on the
 * console, no dialog, no violation of its Content Security Policy, no script from outside, and no request but
 * that for the file itself.
 * @param {Object} options those of a browser context, and `hash`
 */
export async function withPage(name, options, look) {
  const { hash = "", ...settings } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...settings });
  const wrong = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => wrong.push(`console: ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("popup", () => wrong.push("a window opened"));
    const file = pathToFileURL(pageFile(name)).href;
    page.on("request", (request) => {
      const url = request.url();
      // The address of the empty icon is data in the page itself.
      if (url.split("#")[0] !== file && !url.startsWith("data:")) {
        wrong.push(`request: ${url.slice(0, 200)}`);
      }
    });
    await page.exposeFunction("reportViolation", (text) => wrong.push(`violation: ${text}`));
    await page.addInitScript(() => {
      window.pwned = () => {
        window.__pwned = true;
      };
      document.addEventListener("securitypolicyviolation", (event) => {
        window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`);
      });
      window.__shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          window.__shift += entry.hadRecentInput ? 0 : entry.value;
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(file + hash);
    if (settings.javaScriptEnabled !== false) {
      await ready(page);
    }
    await look(page);
    if (settings.javaScriptEnabled !== false) {
      assert.equal(await page.evaluate(() => window.__pwned), undefined, "a text ran as a script");
      // Whatever is under way comes to its end.
      await page.waitForTimeout(50);
    }
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

/** Waits until the page has its findings. */
export async function ready(page) {
  await page.waitForSelector('body[data-ready="true"]', { timeout: 60_000 });
  // Rows are drawn in the frame after.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** How many findings are shown, and of how many. */
export async function rowCount(page) {
  const text = await page.textContent("#row-count");
  const [, shown, all] = text.match(/^(\d+) of (\d+) findings$/) ?? assert.fail(`row count: ${text}`);
  return { shown: Number(shown), all: Number(all) };
}

/** Waits until that many findings are shown. */
export async function expectRows(page, shown) {
  const wanted = new RegExp(`^${shown} of `);
  await page
    .waitForFunction((text) => new RegExp(text).test(document.querySelector("#row-count").textContent), wanted.source, {
      timeout: 10_000,
    })
    .catch(() => {});
  assert.equal((await rowCount(page)).shown, shown);
}

/** Keys of the rows in sight, from top to bottom. */
export function keysInSight(page) {
  return page.$$eval("#findings-grid [data-row]:not([hidden])", (rows) =>
    rows
      .filter((row) => row.dataset.row !== "")
      .sort((a, b) => Number(a.dataset.row) - Number(b.dataset.row))
      .map((row) => row.dataset.key),
  );
}

/** Saves what is in sight, when a folder for it was given. */
export async function screenshot(page, name, options = {}) {
  if (SCREENSHOTS) {
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), ...options });
  }
}
