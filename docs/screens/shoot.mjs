// Takes the pictures of the documentation. Called by make.sh.
//
//     node shoot.mjs REPORT.html TERMINAL.html FOLDER
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [report, terminal, folder] = process.argv.slice(2);
// The packages of the tests in a browser.
const require = createRequire(new URL("../../tests/browser/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // Letters that are drawn alike on every machine that has the font.
  args: ["--no-sandbox", "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"],
});
const page = await browser.newPage({
  viewport: { width: 1280, height: 800 },
  colorScheme: "light",
  reducedMotion: "reduce",
});

async function open(file) {
  await page.goto(pathToFileURL(resolve(file)).href);
}

async function shoot(name, options = {}) {
  await page.screenshot({ path: join(folder, `${name}.png`), caret: "hide", animations: "disabled", ...options });
}

await open(terminal);
await page.locator("pre").screenshot({ path: join(folder, "terminal.png") });

await open(report);
await page.waitForSelector('body[data-ready="true"]');
await shoot("html-verdict");

await page.locator("#findings").evaluate((section) => section.scrollIntoView());
await page.locator('#findings-grid [data-row="0"]').click();
await page.waitForSelector("#drawer:not([hidden])");
await shoot("html-finding");
await page.keyboard.press("Escape");

const agreement = page.locator("#agreement");
await agreement.evaluate((section) => section.scrollIntoView());
await shoot("html-agreement");
await browser.close();
