// Texts from reports stay texts.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";

import { expectRows, keysInSight, pageFile, reportOf, screenshot, useBrowser, withPage } from "./fixture.mjs";
import { TEXTS } from "./hostile.mjs";

useBrowser();

const { findings } = reportOf("hostile");

/** Searches for a finding and gives its row. */
async function rowOf(page, id) {
  await page.fill("#search", id);
  const row = page.locator(`#findings-grid [data-row="0"][data-key^="${id}@"]`);
  await row.waitFor();
  await expectRows(page, 1);
  return row;
}

test("every hostile text shows as text in its row and in its drawer, and none runs", async () => {
  assert.equal(findings.length, TEXTS.length);
  await withPage("hostile", {}, async (page) => {
    await screenshot(page, "hostile-first-screen");
    await expectRows(page, TEXTS.length);
    for (const [number, text] of TEXTS.entries()) {
      const id = `CVE-2026-${4000 + number}`;
      const row = await rowOf(page, id);
      const shown = await row.innerText();
      await row.click();
      await page.waitForSelector("#drawer:not([hidden])");
      const drawer = await page.locator("#drawer").textContent();
      // What can be typed has to be there letter by letter; controls and the like are made visible.
      if (/^[ -~]{1,200}$/.test(text)) {
        assert.ok(shown.includes(text), `${id}: the row shows ${shown}`);
        assert.ok(drawer.includes(`title ${text}`), `${id}: the drawer lacks the title`);
      }
      for (const part of [shown, drawer]) {
        assert.doesNotMatch(part, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/u, id);
      }
      if (text.includes("\u202e")) {
        await screenshot(page, "hostile-drawer");
      }
      await page.keyboard.press("Escape");
    }
  });
});

test("no text became an element, a link to a script, or an address of a stranger", async () => {
  await withPage("hostile", {}, async (page) => {
    await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
    assert.equal(await page.locator("img, iframe, object, embed, form, base, meta[http-equiv=refresh]").count(), 0);
    assert.equal(await page.locator("#findings-grid").count(), 1);
    const links = await page.$$eval("a[href]", (all) => all.map((one) => one.getAttribute("href")));
    assert.deepEqual(
      links.filter((link) => !/^(#|https:\/\/)/.test(link)),
      [],
    );
    const handlers = await page.$$eval("*", (all) =>
      all.flatMap((one) => one.getAttributeNames().filter((name) => name.startsWith("on"))),
    );
    assert.deepEqual(handlers, []);
  });
});

test("links in drawers lead nowhere but to pages", async () => {
  await withPage("hostile", {}, async (page) => {
    for (const finding of findings) {
      await (await rowOf(page, finding.vulnerability.id)).click();
      await page.waitForSelector("#drawer:not([hidden])");
      const links = await page.$$eval("#drawer a[href]", (all) => all.map((one) => one.href));
      for (const link of links) {
        assert.match(link, /^(https?:\/\/|file:\/\/[^#]*#finding=)/, finding.vulnerability.id);
      }
      await page.keyboard.press("Escape");
    }
  });
});

test("the copied Markdown has no HTML and no link out of a text", async () => {
  await withPage("hostile", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    for (const number of [0, 3, 18, 20]) {
      await (await rowOf(page, `CVE-2026-${4000 + number}`)).click();
      await page.waitForSelector("#drawer:not([hidden])");
      await page.click("#copy-markdown");
      await page.waitForFunction(() => document.querySelector("#drawer-status").textContent !== "");
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.doesNotMatch(copied, /<(script|img|a|svg|form|base|meta|style)\b/i);
      assert.doesNotMatch(copied, /\]\(javascript:/i);
      await page.keyboard.press("Escape");
    }
  });
});

test("the page stays usable: it sorts, filters, and scrolls", async () => {
  await withPage("hostile", {}, async (page) => {
    await page.click('button[data-sort="package"]');
    await page.waitForTimeout(60);
    assert.ok((await keysInSight(page)).length > 5);
    await page.$eval("#findings-grid", (grid) => grid.scrollTo(0, 500));
    await page.fill("#search", "pwned");
    await page.waitForTimeout(200);
    assert.ok((await keysInSight(page)).length > 3);
  });
});

test("a title of a megabyte does not fill the file, and is cut with a word about it", async () => {
  assert.ok(statSync(pageFile("hostile")).size < 1 << 20);
  const html = readFileSync(pageFile("hostile"), "utf8");
  assert.match(html, /cut|shortened|left out/i);
});
