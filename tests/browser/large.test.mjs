// 100,000 findings: all of them are there, and what it costs is recorded. Times and memory are no reason to fail.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";

import { expectRows, keysInSight, pageFile, rowCount, screenshot, useBrowser, withPage } from "./fixture.mjs";
import { FINDINGS, largeEntries } from "./large.mjs";

useBrowser();

/** Each finding once, as the two scanners report it. */
function entries() {
  const { seenByTrivy, seenByGrype } = largeEntries();
  return [...new Set([...seenByTrivy, ...seenByGrype])];
}

/** Milliseconds until the page has done something and drawn it. */
function time(page, action) {
  return page.evaluate(async (code) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const started = performance.now();
    await new Function("frame", `return (async () => { ${code} })()`)(frame);
    await frame();
    await frame();
    return Math.round(performance.now() - started);
  }, action);
}

test("100,000 findings load, filter, sort and scroll", async () => {
  const all = entries();
  assert.equal(all.length, FINDINGS);
  const count = (holds) => all.filter(holds).length;
  const costs = { findings: FINDINGS, "file, megabytes": Number((statSync(pageFile("large")).size / 1e6).toFixed(1)) };
  const opened = performance.now();
  await withPage("large", {}, async (page) => {
    costs["open until usable, ms"] = Math.round(performance.now() - opened);
    assert.deepEqual(await rowCount(page), { shown: FINDINGS, all: FINDINGS });
    assert.equal(await page.getAttribute("#findings-grid", "aria-rowcount"), String(FINDINGS + 1));
    await screenshot(page, "large-first-screen");

    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable");
    const memory = async () => {
      await devtools.send("HeapProfiler.collectGarbage");
      const { metrics } = await devtools.send("Performance.getMetrics");
      const of = (name) => metrics.find((metric) => metric.name === name).value;
      return { megabytes: Math.round(of("JSHeapUsedSize") / 1e6), elements: of("Nodes") };
    };
    const afterLoading = await memory();
    costs["memory of the script after loading, megabytes"] = afterLoading.megabytes;

    costs["filter by one value, ms"] = await time(
      page,
      `document.querySelector('fieldset[data-facet="severity"] input[value="critical"]').click();`,
    );
    await expectRows(page, count((entry) => entry.severity === "critical"));
    await page.click("#clear");
    await expectRows(page, FINDINGS);

    // From the key to the rows, with the pause in which more keys may come.
    costs["first search, ms"] = await time(
      page,
      `const search = document.querySelector("#search");
       search.value = "package-1999";
       search.dispatchEvent(new Event("input", { bubbles: true }));
       while (!document.querySelector("#row-count").textContent.startsWith("50 ")) await frame();`,
    );
    await expectRows(page, count((entry) => entry.name === "package-1999"));
    costs["next search, ms"] = await time(
      page,
      `const search = document.querySelector("#search");
       search.value = "cve-2011";
       search.dispatchEvent(new Event("input", { bubbles: true }));
       while (document.querySelector("#row-count").textContent.startsWith("50 ")) await frame();`,
    );
    await expectRows(page, count((entry) => entry.id.startsWith("CVE-2011")));
    await page.click("#clear");
    await expectRows(page, FINDINGS);

    for (const column of ["severity", "id", "package"]) {
      costs[`sort by ${column}, ms`] = await time(page, `document.querySelector('button[data-sort="${column}"]').click();`);
      await page.click("#clear");
    }

    costs["frames while scrolling"] = await page.evaluate(async () => {
      const grid = document.querySelector("#findings-grid");
      const frames = [];
      let last = performance.now();
      for (let step = 0; step < 120; step += 1) {
        grid.scrollTop += 2_000;
        await new Promise((done) => requestAnimationFrame(done));
        const now = performance.now();
        frames.push(now - last);
        last = now;
      }
      frames.sort((a, b) => a - b);
      const at = (share) => Math.round(frames[Math.floor(share * (frames.length - 1))]);
      return { "median, ms": at(0.5), "95 %, ms": at(0.95), "longest, ms": at(1) };
    });

    // The last row can be reached, and its finding is read.
    await page.focus("#findings-grid");
    await page.keyboard.press("End");
    await page.waitForTimeout(100);
    assert.ok((await keysInSight(page)).length > 5);
    const active = await page.getAttribute("#findings-grid", "aria-activedescendant");
    assert.equal(await page.getAttribute(`[id="${active}"]`, "data-row"), String(FINDINGS - 1));
    costs["open a finding, ms"] = await time(
      page,
      `document.querySelector("#findings-grid").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
       while (document.querySelector("#drawer").hidden) await frame();`,
    );
    await screenshot(page, "large-drawer");
    await page.keyboard.press("Escape");

    const atTheEnd = await memory();
    costs["memory of the script at the end, megabytes"] = atTheEnd.megabytes;
    costs["elements at the end"] = atTheEnd.elements;
    assert.ok(atTheEnd.elements < 50_000, "rows out of sight are elements");
  });
  const text = JSON.stringify(costs, null, 2);
  console.log(`100,000 findings:\n${text}`);
  if (process.env.CROSSCHECK_COSTS) {
    await writeFile(process.env.CROSSCHECK_COSTS, `${text}\n`);
  }
});
