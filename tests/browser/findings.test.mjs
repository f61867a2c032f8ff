// What the table of findings and the drawer show, against the JSON report of the same run.
import assert from "node:assert/strict";
import { test } from "node:test";

import { expectRows, keysInSight, pageFile, reportOf, rowCount, screenshot, useBrowser, withPage } from "./fixture.mjs";

useBrowser();

const report = reportOf("example");
const { findings } = report;

/** For each facet the values of a finding, counted without the page's help. */
const FACETS = {
  decision: (finding) => [finding.decision?.action ?? "undecided"],
  severity: (finding) => [finding.severity.level],
  opinions: (finding) => [finding.severity.disputed ? "apart" : "close"],
  ecosystem: (finding) => [finding.package.ecosystem],
  scanner: (finding) => Object.keys(finding.verdicts).filter((id) => sees(finding, id)),
};

function sees(finding, scanner) {
  return finding.observations.some((observation) => observation.scanner === scanner);
}

function countBy(values) {
  const counts = {};
  for (const value of findings.flatMap(values)) {
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

const box = (facet, value) => `fieldset[data-facet="${facet}"] input[type=checkbox][value="${value}"]`;

for (const name of ["example", "empty", "insufficient"]) {
  test(`${name}: loads without an error, a message or a request, and nothing moves`, async () => {
    await withPage(name, {}, async (page) => {
      assert.equal(await page.evaluate(() => window.__shift), 0);
      assert.equal((await rowCount(page)).all, reportOf(name).findings.length);
      await screenshot(page, `${name}-first-screen`);
      await screenshot(page, `${name}-whole`, { fullPage: true });
    });
  });
}

test("the verdict is what the report says, also where it is no pass", async () => {
  for (const [name, word] of [
    ["example", /block/i],
    ["empty", /pass/i],
    ["insufficient", /not enough|insufficient|too few/i],
  ]) {
    await withPage(name, {}, async (page) => {
      const verdict = await page.innerText("#verdict");
      assert.match(verdict, word, name);
      assert.match(await page.title(), word, name);
      if (name !== "empty") {
        assert.doesNotMatch(verdict, /^(verdict: )?pass/im, name);
      }
    });
  }
});

test("insufficient: what to do first is to get the result that is missing", async () => {
  await withPage("insufficient", {}, async (page) => {
    const text = await page.innerText("#todo");
    assert.match(text, /grype/i);
    assert.doesNotMatch(text, /every scanner gave a result|^\s*nothing/im);
  });
});

test("every scanner is in its section, failed ones as failed", async () => {
  await withPage("example", {}, async (page) => {
    const text = await page.innerText("#scanners");
    for (const scanner of report.scanners) {
      assert.ok(text.includes(scanner.title), scanner.title);
      assert.ok(text.includes(scanner.version), `${scanner.title} ${scanner.version}`);
    }
    const row = page.locator("#scanners tr", { hasText: "OSV-Scanner" }).first();
    assert.match(await row.innerText(), /failed|no result/i);
  });
});

test("every facet has the counts of the report, and filters by each value", async () => {
  await withPage("example", {}, async (page) => {
    const names = await page.$$eval("fieldset[data-facet]", (sets) => sets.map((set) => set.dataset.facet));
    for (const name of Object.keys(FACETS)) {
      assert.ok(names.includes(name), `no facet ${name}`);
    }
    for (const name of names) {
      const values = await page.$$eval(`fieldset[data-facet="${name}"] input`, (boxes) => boxes.map((one) => one.value));
      const expected = FACETS[name] && countBy(FACETS[name]);
      if (expected) {
        assert.deepEqual(values.toSorted(), Object.keys(expected).toSorted(), name);
      }
      for (const value of values) {
        const stated = Number(await page.locator(box(name, value)).locator("xpath=..").locator(".count").innerText());
        if (expected) {
          assert.equal(stated, expected[value], `${name}=${value}`);
        }
        await page.check(box(name, value));
        await expectRows(page, stated);
        await page.uncheck(box(name, value));
      }
      await expectRows(page, findings.length);
    }
  });
});

test("facets are joined by and, their values by or", async () => {
  await withPage("example", {}, async (page) => {
    await page.check(box("decision", "block"));
    await page.check(box("decision", "warn"));
    await page.check(box("scanner", "trivy"));
    const expected = findings.filter(
      (finding) => ["block", "warn"].includes(finding.decision.action) && sees(finding, "trivy"),
    );
    await expectRows(page, expected.length);
    await page.click("#clear");
    await expectRows(page, findings.length);
  });
});

test("search finds ids, aliases, packages and titles, and says so when there is nothing", async () => {
  await withPage("example", {}, async (page) => {
    const has = (finding, word) =>
      [
        finding.vulnerability.id,
        ...finding.vulnerability.aliases,
        `${finding.package.ecosystem}/${finding.package.name}`,
        finding.vulnerability.title ?? "",
      ].some((text) => text.toLowerCase().includes(word));
    for (const query of ["CVE-2022-28346", "ghsa-2gwj", "SNYK-PYTHON", "django", "DJANGO cve-2022", "nothing-like-this"]) {
      const words = query.toLowerCase().split(" ");
      const expected = findings.filter((finding) => words.every((word) => has(finding, word)));
      await page.fill("#search", query);
      await expectRows(page, expected.length);
    }
    await page.fill("#search", "");
    await expectRows(page, findings.length);
  });
});

test("each column sorts both ways and back", async () => {
  await withPage("example", {}, async (page) => {
    const original = await keysInSight(page);
    const byKey = new Map(findings.map((finding) => [finding.key, finding]));
    const columns = await page.$$eval("button[data-sort]", (buttons) =>
      buttons.filter((button) => button.offsetParent).map((button) => button.dataset.sort),
    );
    assert.ok(columns.length >= 6);
    for (const column of columns) {
      const header = page.locator(`[role=columnheader][data-column="${column}"]`);
      const orders = [];
      for (let click = 0; click < 2; click += 1) {
        await page.click(`button[data-sort="${column}"]`);
        await page.waitForTimeout(60);
        orders.push(await header.getAttribute("aria-sort"));
        if (column === "severity") {
          const ranks = { unknown: 0, negligible: 1, low: 2, medium: 3, high: 4, critical: 5 };
          const levels = (await keysInSight(page)).map((key) => ranks[byKey.get(key).severity.level]);
          const sign = orders.at(-1) === "descending" ? -1 : 1;
          assert.deepEqual(levels, levels.toSorted((a, b) => sign * (a - b)));
        }
      }
      assert.deepEqual(orders.toSorted(), ["ascending", "descending"], column);
      await page.click(`button[data-sort="${column}"]`);
      await page.waitForTimeout(60);
      assert.equal(await header.getAttribute("aria-sort"), null, column);
    }
    assert.deepEqual(await keysInSight(page), original);
  });
});

test("columns can be chosen", async () => {
  await withPage("example", {}, async (page) => {
    await page.click("#columns summary");
    const boxes = await page.$$eval("#columns input", (all) => all.map((one) => [one.dataset.column, one.checked]));
    for (const [column, isShown] of boxes) {
      const header = page.locator(`[role=columnheader][data-column="${column}"]`);
      assert.equal(await header.isVisible(), isShown, column);
      await page.locator(`#columns input[data-column="${column}"]`).setChecked(!isShown);
      assert.equal(await header.isVisible(), !isShown, column);
      await page.locator(`#columns input[data-column="${column}"]`).setChecked(isShown);
    }
  });
});

test("the table shows every finding once, whoever scrolls", async () => {
  await withPage("example", {}, async (page) => {
    const seen = new Set();
    const height = await page.$eval("#findings-grid", (grid) => grid.scrollHeight);
    for (let top = 0; top <= height; top += 200) {
      await page.$eval("#findings-grid", (grid, to) => grid.scrollTo(0, to), top);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      (await keysInSight(page)).forEach((key) => seen.add(key));
    }
    assert.deepEqual([...seen].toSorted(), findings.map((finding) => finding.key).toSorted());
  });
});

test("a deep link opens the finding; the drawer says what the report says", async () => {
  const chosen = [0, 40, 200, findings.length - 1].map((at) => findings[at]);
  chosen.push(findings.find((finding) => finding.decision.action === "ignore"));
  chosen.push(findings.find((finding) => finding.vulnerability.id === "CVE-2026-47600"));
  for (const finding of chosen) {
    const hash = `#finding=${encodeURIComponent(finding.key)}`;
    await withPage("example", { hash }, async (page) => {
      await page.waitForSelector("#drawer:not([hidden])");
      const text = await page.innerText("#drawer");
      const has = (words) => assert.ok(text.includes(words), `${finding.key}: no ${words}`);
      has(finding.vulnerability.id);
      has(finding.package.name);
      has(finding.decision.action);
      has(finding.severity.level);
      finding.vulnerability.aliases.forEach(has);
      for (const [scanner, verdict] of Object.entries(finding.verdicts)) {
        has(scanner);
        has(verdict.reason);
      }
      for (const observation of finding.observations) {
        has(observation.pointer);
      }
      for (const version of finding.fix.versions ?? []) {
        has(version);
      }
      assert.equal(new URL(page.url()).hash, hash);
    });
  }
});

test("a click opens the drawer, the address names the finding, and a link in it leads there again", async () => {
  let address;
  await withPage("example", {}, async (page) => {
    const row = page.locator('#findings-grid [data-row="3"]');
    const key = await row.getAttribute("data-key");
    await row.click();
    await page.waitForSelector("#drawer:not([hidden])");
    address = new URL(page.url()).hash;
    assert.equal(address, `#finding=${encodeURIComponent(key)}`);
    await screenshot(page, "example-drawer");
    await page.click("#drawer-close");
    assert.ok(await page.locator("#drawer").isHidden());
    assert.equal(new URL(page.url()).hash, "");
  });
  await withPage("example", { hash: address }, async (page) => {
    await page.waitForSelector("#drawer:not([hidden])");
  });
});

test("an address with search, filters and order restores them", async () => {
  await withPage("example", { hash: "#q=django&decision=block,warn&sort=-severity" }, async (page) => {
    const words = ["django"];
    assert.equal(await page.inputValue("#search"), words[0]);
    assert.ok(await page.isChecked(box("decision", "block")));
    assert.ok(await page.isChecked(box("decision", "warn")));
    const { shown, all } = await rowCount(page);
    assert.ok(shown > 0 && shown < all);
  });
});

test("an address that names nothing known does no harm", async () => {
  for (const hash of ["#finding=nothing", "#finding=%E0%A4%A", "#decision=zzz&sort=zzz&columns=zzz", "#__proto__=x&constructor=y"]) {
    await withPage("example", { hash }, async (page) => {
      assert.ok(await page.locator("#drawer").isHidden(), hash);
      assert.equal((await rowCount(page)).shown, findings.length, hash);
    });
  }
});

test("a finding is copied as Markdown", async () => {
  const finding = findings[0];
  const hash = `#finding=${encodeURIComponent(finding.key)}`;
  const options = { hash, permissions: ["clipboard-read", "clipboard-write"] };
  await withPage("example", options, async (page) => {
    await page.waitForSelector("#drawer:not([hidden])");
    await page.click("#copy-markdown");
    await page.waitForFunction(() => document.querySelector("#drawer-status").textContent !== "");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^#+ CVE-2022-28346/);
    for (const scanner of Object.keys(finding.verdicts)) {
      assert.ok(copied.includes(scanner), scanner);
    }
    assert.ok(copied.includes(finding.package.name));
  });
});

test("without scripts the verdict, the scanners and what blocks can be read", async () => {
  await withPage("example", { javaScriptEnabled: false }, async (page) => {
    await screenshot(page, "example-without-scripts", { fullPage: true });
    assert.match(await page.innerText("#verdict"), /block/i);
    assert.match(await page.innerText("#scanners"), /Trivy/);
    const text = await page.innerText("#findings");
    for (const finding of findings.filter((one) => one.decision.action === "block")) {
      assert.ok(text.includes(finding.vulnerability.id), finding.vulnerability.id);
    }
    assert.ok(await page.locator("#search").isHidden(), "controls that do nothing are shown");
  });
});

test("the page is one file that names no other", async () => {
  const { readFileSync } = await import("node:fs");
  const html = readFileSync(pageFile("example"), "utf8");
  const markup = html.replace(/<script[\s\S]*?<\/script>/g, "").replace(/<style[\s\S]*?<\/style>/g, "");
  assert.doesNotMatch(markup, /<(script|img|iframe|object|embed|source|video|audio)\b[^>]*\b(src|data)=/i);
  assert.doesNotMatch(markup, /<link\b(?![^>]*href="data:,")/i);
  assert.doesNotMatch(markup, /\son[a-z]+=/i);
});
