// Who cannot use a mouse, see colours, or look at a wide screen can use the page too; and so can paper.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { expectRows, reportOf, rowCount, screenshot, useBrowser, withPage } from "./fixture.mjs";

useBrowser();

const { findings } = reportOf("example");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function violations(page) {
  // Evaluated by the debugger, which the page's Content Security Policy does not bind.
  await page.evaluate(AXE);
  const result = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), RULES);
  assert.ok(result.passes.length > 20, "axe-core looked at next to nothing");
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}: ${node.failureSummary}`),
  );
}

/** What axe-core looks at: each in light and dark. */
const STATES = {
  "at first": async () => {},
  "with the drawer open": async (page) => {
    await page.locator('#findings-grid [data-row="0"]').click();
    await page.waitForSelector("#drawer:not([hidden])");
  },
  "with filters, a search, an order and the columns open": async (page) => {
    await page.check('fieldset[data-facet="decision"] input[value="block"]');
    await page.click('button[data-sort="severity"]');
    await page.fill("#search", "django");
    await page.click("#columns summary");
    await page.waitForTimeout(200);
  },
  "with nothing found": async (page) => {
    await page.fill("#search", "nothing-like-this");
    await expectRows(page, 0);
  },
  "with everything unfolded": async (page) => {
    await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
  },
};

for (const colorScheme of ["light", "dark"]) {
  for (const [state, arrange] of Object.entries(STATES)) {
    test(`axe-core finds nothing: ${colorScheme}, ${state}`, async () => {
      await withPage("example", { colorScheme }, async (page) => {
        await arrange(page);
        assert.deepEqual(await violations(page), []);
        await screenshot(page, `axe-${colorScheme}-${state.replaceAll(/\W+/g, "-")}`);
      });
    });
  }
}

for (const name of ["empty", "insufficient", "hostile"]) {
  test(`axe-core finds nothing: ${name}`, async () => {
    await withPage(name, {}, async (page) => assert.deepEqual(await violations(page), []));
  });
}

test("axe-core finds nothing on a narrow screen", async () => {
  await withPage("example", { viewport: { width: 320, height: 640 } }, async (page) => {
    assert.deepEqual(await violations(page), []);
  });
});

/** Presses Tab until `selector` has the focus, as somebody without a mouse does. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 200; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) {
      return;
    }
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${selector}`);
}

test("with the keyboard alone: search, filter, order, read a finding, and come back", async () => {
  await withPage("example", {}, async (page) => {
    await tabTo(page, "#search");
    await page.keyboard.type("django");
    const expected = findings.filter((one) => JSON.stringify([one.vulnerability.id, one.package.name]).includes("django"));
    await expectRows(page, expected.length);
    await tabTo(page, 'fieldset[data-facet="decision"] input[value="block"]');
    await page.keyboard.press("Space");
    const { shown } = await rowCount(page);
    assert.ok(shown > 1 && shown < expected.length);
    await tabTo(page, 'button[data-sort="id"]');
    await page.keyboard.press("Enter");
    await page.waitForTimeout(60);
    assert.equal(await page.getAttribute('[role=columnheader][data-column="id"]', "aria-sort"), "ascending");

    // Heads can come before or after the table itself.
    await page.focus("#search");
    await tabTo(page, "#findings-grid");
    await page.keyboard.press("ArrowDown");
    const active = await page.getAttribute("#findings-grid", "aria-activedescendant");
    const row = page.locator(`[id="${active}"]`);
    assert.equal(await row.getAttribute("data-row"), "1");
    assert.ok(await row.isVisible());
    const key = await row.getAttribute("data-key");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#drawer:not([hidden])");
    const finding = findings.find((one) => one.key === key);
    assert.ok((await page.innerText("#drawer-title")).includes(finding.vulnerability.id));

    // The focus stays in the drawer while it is open.
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press("Tab");
      const isOutside = await page.evaluate(() => {
        const focused = document.activeElement;
        return focused !== document.body && !document.querySelector("#drawer").contains(focused);
      });
      assert.ok(!isOutside, "the focus left the drawer for what lies behind it");
    }
    await page.focus("#drawer-close");
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#drawer").isHidden());
    assert.equal(await page.evaluate(() => document.activeElement.id), "findings-grid");
    assert.equal(await page.getAttribute("#findings-grid", "aria-activedescendant"), active);
  });
});

test("the keys of the table reach its first and last row", async () => {
  await withPage("example", {}, async (page) => {
    await page.focus("#findings-grid");
    for (const [key, row] of [
      ["End", findings.length - 1],
      ["Home", 0],
      ["ArrowUp", 0],
      ["ArrowDown", 1],
    ]) {
      await page.keyboard.press(key);
      const active = await page.getAttribute("#findings-grid", "aria-activedescendant");
      const element = page.locator(`[id="${active}"]`);
      assert.equal(Number(await element.getAttribute("data-row")), row, key);
      assert.equal(Number(await element.getAttribute("aria-rowindex")), row + 2, key);
      // Both at once: the page itself may still be scrolling.
      const isInSight = await element.evaluate((one) => {
        const [row, grid] = [one, document.querySelector("#findings-grid")].map((part) => part.getBoundingClientRect());
        return row.top >= grid.top && row.bottom <= grid.bottom + 1;
      });
      assert.ok(isInSight, `${key}: the row is out of sight`);
    }
  });
});

test("what has the focus can be seen", async () => {
  await withPage("example", {}, async (page) => {
    const unmarked = [];
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      const name = await page.evaluate(() => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
        const isMarked = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
        return isMarked || document.activeElement === document.body ? null : document.activeElement.outerHTML.slice(0, 80);
      });
      if (name) {
        unmarked.push(name);
      }
    }
    assert.deepEqual(unmarked, []);
  });
});

test("light and dark follow the system until the switch is used", async () => {
  const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const seen = {};
  for (const colorScheme of ["light", "dark"]) {
    await withPage("example", { colorScheme }, async (page) => {
      seen[colorScheme] = await ground(page);
      await page.click("#theme-switch");
      seen[`${colorScheme} switched`] = await ground(page);
      await screenshot(page, `example-${colorScheme}-switched`);
    });
  }
  assert.notEqual(seen.light, seen.dark);
  assert.equal(seen["light switched"], seen.dark);
  assert.equal(seen["dark switched"], seen.light);
});

test("on paper there are no controls, and the tables are there", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await withPage("example", { colorScheme }, async (page) => {
      await page.emulateMedia({ media: "print", colorScheme });
      for (const control of ["#search", "#theme-switch", "#columns", "#facets", "#findings-grid", "#drawer", "#clear"]) {
        assert.ok(await page.locator(control).isHidden(), `${control} is printed`);
      }
      const text = await page.innerText("#findings");
      for (const finding of findings.filter((one) => one.decision.action === "block")) {
        assert.ok(text.includes(finding.vulnerability.id), finding.vulnerability.id);
      }
      // Printers have white paper, whatever the theme.
      const isDark = await page.evaluate(() => {
        const [red] = getComputedStyle(document.body).color.match(/\d+/g).map(Number);
        return red > 128;
      });
      assert.ok(!isDark, "light text on paper");
      await screenshot(page, `example-print-${colorScheme}`, { fullPage: true });
      const pdf = await page.pdf({ format: "A4" });
      assert.ok(pdf.length > 20_000);
    });
  }
});

for (const width of [320, 480, 768, 1024, 1920]) {
  test(`at ${width} pixels the page does not scroll sideways`, async () => {
    for (const name of ["example", "hostile", "empty", "insufficient"]) {
      await withPage(name, { viewport: { width, height: 640 } }, async (page) => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${name}: ${wide} pixels`);
        await screenshot(page, `${name}-${width}`, { fullPage: name === "example" });
        if (name === "example") {
          await page.locator('#findings-grid [data-row="0"]').click();
          await page.waitForSelector("#drawer:not([hidden])");
          const drawer = await page.locator("#drawer").boundingBox();
          assert.ok(drawer.x >= 0 && drawer.x + drawer.width <= width + 1, "the drawer does not fit");
          await screenshot(page, `${name}-${width}-drawer`);
        }
      });
    }
  });
}

test("nothing moves for who prefers that nothing moves", async () => {
  await withPage("example", { reducedMotion: "reduce" }, async (page) => {
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll("*")].filter((one) => {
        const { transitionDuration, animationDuration, scrollBehavior } = getComputedStyle(one);
        const lasts = (durations) => durations.split(",").some((text) => parseFloat(text) > 0.01);
        return lasts(transitionDuration) || lasts(animationDuration) || scrollBehavior === "smooth";
      }).length,
    );
    assert.equal(moving, 0);
  });
});

test("what is done on the page moves nothing else", async () => {
  await withPage("example", {}, async (page) => {
    await page.check('fieldset[data-facet="decision"] input[value="block"]');
    await page.fill("#search", "django");
    await page.waitForTimeout(800);
    await page.$eval("#findings-grid", (grid) => grid.scrollTo(0, 4000));
    await page.waitForTimeout(800);
    assert.equal(await page.evaluate(() => window.__shift), 0);
  });
});

test("text can be twice as large", async () => {
  await withPage("example", {}, async (page) => {
    await page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"));
    await page.waitForTimeout(100);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 1280, `${wide} pixels`);
    await screenshot(page, "example-large-text");
  });
});
