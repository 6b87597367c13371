/** From a telephone to a large screen: nothing makes the page scroll sideways. */
import assert from "node:assert/strict";
import { setStage } from "./browser.mjs";
import { args, prepare, showView, views } from "./views.mjs";

const { scene } = await setStage({ prepare, args });

/** By how many pixels the page is too wide, and the elements that are. */
function tooWide(page) {
  return page.evaluate(() => {
    const root = document.documentElement;
    const by = root.scrollWidth - root.clientWidth;
    const reach = (element) => element.getBoundingClientRect().right + scrollX;
    const wide = [...document.querySelectorAll("main *, header *, footer *")]
      .filter((element) => reach(element) > root.clientWidth + 1)
      .slice(0, 4)
      .map((element) => `${element.tagName}.${element.getAttribute("class")}`);
    return by > 0 ? { by, wide } : null;
  });
}

for (const width of [390, 768, 1280, 2560]) {
  scene(
    `no view scrolls sideways at ${width} px`,
    async ({ page, server }) => {
      const found = {};
      for (const [name, view] of Object.entries(await views(server))) {
        await showView(page, server, view);
        const wide = await tooWide(page);
        if (wide) {
          found[name] = wide;
        }
      }
      assert.deepEqual(found, {});
    },
    { size: { width, height: 900 } },
  );
}
