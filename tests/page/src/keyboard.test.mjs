/** The keyboard alone: everything is reached, what has the focus is seen. */
import assert from "node:assert/strict";
import { setStage } from "./browser.mjs";
import { writeRehearsal } from "./recordings.mjs";
import { settled, showReport } from "./report.mjs";
import { expectEventually } from "./waiting.mjs";

const FILE = "spike-s3.log.gz";
/** More steps than any way through the page takes. */
const MOST = 150;

const { scene } = await setStage({ prepare: (place) => writeRehearsal(place) });

/** What has the focus: its name, and how it is seen. */
function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) {
      return null;
    }
    // A field that is drawn by its label is marked there.
    const marked = [
      element,
      element.parentElement,
      element.nextElementSibling,
      element.closest("label, .filter-input"),
    ];
    // The parts of a field of the browser's own are marked by the browser.
    const isNative = element.type === "datetime-local";
    const isMarked = marked.filter(Boolean).some((one) => {
      const style = getComputedStyle(one);
      const child =
        element.tagName === "g" ? getComputedStyle(element.querySelector("rect")) : style;
      return (
        (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0) ||
        style.boxShadow !== "none" ||
        (child.stroke !== "none" && element.tagName === "g")
      );
    });
    const box = element.getBoundingClientRect();
    const label = element.closest("label")?.getBoundingClientRect() ?? box;
    const seen = box.width > 2 ? box : label;
    return {
      words: (element.getAttribute("aria-label") ?? element.innerText ?? "").trim().slice(0, 60),
      tag: element.tagName.toLowerCase(),
      html: element.outerHTML.slice(0, 120),
      role: element.getAttribute("role"),
      isMarked: isMarked || isNative,
      isInSight:
        seen.bottom > 0 &&
        seen.top < innerHeight &&
        seen.right > 0 &&
        seen.left < innerWidth &&
        seen.width > 2,
    };
  });
}

/** Tab until what has the focus fits; each stop on the way is seen. */
async function tabTo(page, fits, key = "Tab") {
  const way = [];
  for (let step = 0; step < MOST; step += 1) {
    await page.keyboard.press(key);
    const at = await focused(page);
    if (at === null) {
      continue;
    }
    way.push(at.words || at.tag);
    assert.equal(at.isMarked, true, `the focus is not seen on ${JSON.stringify(at)}`);
    assert.equal(at.isInSight, true, `the focus is out of sight on ${JSON.stringify(at)}`);
    if (fits(at)) {
      return at;
    }
  }
  throw new Error(`not reached by ${key}: ${way.join(" | ")}`);
}

const named = (pattern) => (at) => pattern.test(at.words);

scene(
  "from the skip link through opening a recording to a finding's copy button",
  async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.keyboard.press("Tab");
    assert.match((await focused(page)).words, /Skip to the content/);
    await tabTo(page, named(/^Open$/));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Open flow logs" }).waitFor();
    await tabTo(page, named(new RegExp(FILE.replaceAll(".", "\\."))));
    await page.keyboard.press("Enter");
    await page.getByRole("list", { name: "What is taken" }).waitFor();
    await tabTo(page, named(/^Open the report$/));
    await page.keyboard.press("Enter");
    await settled(page);
    await tabTo(page, (at) => at.role === "tab");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tab", { name: /^Findings/, selected: true }).waitFor();
    await tabTo(page, named(/^Copy as AWS CLI/));
    await page.keyboard.press("Enter");
    await expectEventually(async () => (await focused(page)).words, "Copied as AWS CLI");
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^aws ec2 /);
  },
);

scene("the skip link leads to the content", async ({ page }) => {
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "MAIN");
});

scene(
  "every stop of the report is seen, and Tab leaves the page at its end",
  async ({ page, server }) => {
    await showReport(page, server, FILE);
    await tabTo(page, named(/^API$/));
  },
);

scene("a menu is opened, walked and closed, and gives the focus back", async ({ page, server }) => {
  await showReport(page, server, FILE);
  await tabTo(page, named(/^Export$/));
  await page.keyboard.press("Enter");
  await expectEventually(async () => (await focused(page)).role, "menuitem");
  const first = (await focused(page)).words;
  await page.keyboard.press("ArrowDown");
  assert.notEqual((await focused(page)).words, first);
  await page.keyboard.press("Escape");
  assert.match((await focused(page)).words, /Export/);
  assert.equal(await page.getByRole("menu").count(), 0);
});

scene("a tick of the theme is moved by arrows", async ({ page }) => {
  await tabTo(page, (at) => at.tag === "input");
  await page.keyboard.press("ArrowLeft");
  await expectEventually(() => page.evaluate(() => document.documentElement.dataset.theme), "dark");
});

scene("after a change of the view, the focus is on the content", async ({ page }) => {
  await page.getByRole("link", { name: "Compare" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Compare" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "MAIN");
});
